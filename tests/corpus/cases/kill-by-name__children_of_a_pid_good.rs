// `pkill -P` ends the children of one process only.
use std::process::Command;

#[test]
fn ends_the_children() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_supervisor")).spawn().unwrap();
    let _ = Command::new("pkill").arg("-P").arg(child.id().to_string()).status();
    let _ = child.kill();
    let _ = child.wait();
}
