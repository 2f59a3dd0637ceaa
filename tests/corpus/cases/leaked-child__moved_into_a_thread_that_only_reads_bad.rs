use std::io::Read;
use std::process::{Command, Stdio};
#[test]
fn speaks() {
    let mut server = Command::new("server").stdout(Stdio::piped()).spawn().unwrap();
    let mut output = server.stdout.take().unwrap();
    let mut byte = [0];
    output.read_exact(&mut byte).unwrap();
    assert_eq!(byte, *b"x");
}
