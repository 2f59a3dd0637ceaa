// The option names what is read.
use std::process::Command;

#[test]
fn reads() {
    Command::new(env!("CARGO_BIN_EXE_server")).args(["--config", "/tmp/server.toml"]).status().unwrap();
    Command::new("tar").args(["-xf", "/tmp/suite.tar"]).status().unwrap();
    Command::new("curl").args(["-T", "/tmp/upload.bin", "http://localhost/"]).status().unwrap();
}
