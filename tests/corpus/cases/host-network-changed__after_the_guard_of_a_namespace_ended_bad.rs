use std::process::Command;
use netns_rs::NetNs;
#[test]
fn links() {
    let namespace = NetNs::new(&std::env::var("NAME").unwrap()).unwrap();
    namespace.run(|_| {
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
    }).unwrap();
    let bridge = std::env::var("BRIDGE").unwrap();
    assert!(Command::new("ip").args(["link", "del", "dev", &bridge]).status().unwrap().success());
}
