use std::process::Command;

#[test]
fn loads_the_module() {
    let script = "if ! lsmod | grep -q dummy; then sudo modprobe dummy; fi";
    assert!(Command::new("sh").arg("-c").arg(script).status().unwrap().success());
}
