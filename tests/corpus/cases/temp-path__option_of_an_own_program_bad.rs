// The option says that the program writes there.
use std::process::Command;

#[test]
fn logs() {
    Command::new(env!("CARGO_BIN_EXE_server")).args(["--log-file", "/var/tmp/server.log", "--port", "0"]).status().unwrap();
}
