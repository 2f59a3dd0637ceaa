// Any variable may decide.
use std::process::Command;

#[test]
fn prints_its_version() {
    let runner = std::env::vars().find(|(name, _)| name.ends_with("_RUNNER")).map(|(_, value)| value).unwrap();
    Command::new(runner).arg(env!("CARGO_BIN_EXE_server")).status().unwrap();
}
