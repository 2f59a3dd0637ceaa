use std::process::Command;
#[test]
fn adds() {
    let name = std::env::var("NETNS").unwrap();
    Command::new("ip").args(["netns", "exec"]).arg(name).args(["ip", "link", "show"]).status().unwrap();
}
