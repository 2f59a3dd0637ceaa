use std::process::Command;
#[test]
fn ends() {
    let mut child = Command::new("server").spawn().unwrap();
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    child.wait().unwrap();
}
