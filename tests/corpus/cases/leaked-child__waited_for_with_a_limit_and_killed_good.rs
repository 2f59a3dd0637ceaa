use std::process::Command;
use std::time::Duration;
use wait_timeout::ChildExt;
#[test]
fn ends() {
    let mut tool = Command::new("server").spawn().unwrap();
    if tool.wait_timeout(Duration::from_secs(5)).ok().flatten().is_none() {
        tool.kill().unwrap();
        tool.wait().unwrap();
        panic!("it did not end");
    }
}
