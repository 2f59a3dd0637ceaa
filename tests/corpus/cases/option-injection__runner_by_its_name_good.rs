// The name of cargo's variable is put together.
use std::process::Command;

#[test]
fn prints_its_version() {
    let target = "X86_64_UNKNOWN_LINUX_GNU";
    let runner = std::env::var(format!("CARGO_TARGET_{target}_RUNNER"));
    let mut command = match &runner {
        Ok(runner) => Command::new(runner),
        Err(_) => Command::new(env!("CARGO_BIN_EXE_server")),
    };
    assert!(command.arg("--version").status().unwrap().success());
}
