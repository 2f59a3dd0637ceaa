use std::process::Command;

#[test]
fn ends_the_server() {
    let script = "sudo bash -s <<END\nset -e\npkill server\nEND\n";
    let status = Command::new("bash").arg("-c").arg(script).status().unwrap();
    assert!(status.success());
}
