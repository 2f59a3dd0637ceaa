//! Shells behind other programs.

use std::process::Command;

#[test]
fn behind_nsenter() {
    let script = script();
    Command::new("nsenter").args(["-t", "1", "-n", "sh", "-c", &script]).status().unwrap(); //~ shell-command
}

#[test]
fn behind_unshare() {
    Command::new("unshare").args(["-rn", "--", "bash", "-c"]).arg(script()).status().unwrap(); //~ shell-command
}

#[test]
fn behind_ip_netns_exec() {
    let namespace = namespace();
    Command::new("ip").args(["netns", "exec"]).arg(&namespace).args(["sh", "-c", &script()]).status().unwrap(); //~ shell-command
}

#[test]
fn behind_env_and_timeout() {
    Command::new("env").args(["-i", "sh", "-c", &script()]).status().unwrap(); //~ shell-command
    Command::new("timeout").arg("5").args(["bash", "-c", &script()]).status().unwrap(); //~ shell-command
}

#[test]
fn behind_ssh() {
    Command::new("ssh").args(["guest", "sh", "-c", &script()]).status().unwrap(); //~ shell-command
}

#[test]
fn of_busybox() {
    Command::new("busybox").arg("sh").arg("-c").arg(script()).status().unwrap(); //~ shell-command
}

#[test]
fn behind_sudo() {
    Command::new("sudo").args(["-n", "sh", "-c", &script()]).status().unwrap(); //~ shell-command, privileged-command
}

#[test]
fn behind_a_wrapper_that_a_variable_holds() {
    let wrapper = if is_root() { "env" } else { "unshare" };
    Command::new(wrapper).args(["sh", "-c", &script()]).status().unwrap(); //~ shell-command
}
