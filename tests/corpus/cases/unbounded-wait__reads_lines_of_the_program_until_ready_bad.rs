use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn serves() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_server")).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let ready = lines.any(|line| line.unwrap().contains("listening"));
    assert!(ready);
    server.kill().unwrap();
    server.wait().unwrap();
}
