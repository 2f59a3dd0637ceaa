use std::process::Command;

#[test]
fn writes_a_script_for_the_guest() {
    let script = "cat > stop.sh <<'END'\n#!/bin/sh\npkill server\nEND\nchmod +x stop.sh";
    let status = Command::new("bash").arg("-c").arg(script).status().unwrap();
    assert!(status.success());
}
