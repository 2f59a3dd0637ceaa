use std::io::Read;

use tunnel::Tunnel;

#[test]
fn reads_to_the_end() {
    let mut tunnel = Tunnel::open(std::env::var("TUNNEL").unwrap()).unwrap();
    let mut text = String::new();
    tunnel.read_to_string(&mut text).unwrap();
    assert_eq!(text, "end\n");
}
