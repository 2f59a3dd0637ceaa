//! Programs that run others with privileges, in lists and in texts of shells.

use std::process::Command;
use std::process::Command as Cmd;

const SUDO: &str = "sudo";
const PREFIX: &[&str] = &["sudo", "-n"];

fn ip(arguments: &[&str]) {
    let status = Command::new("sudo").arg("ip").args(arguments).status().unwrap(); //~ privileged-command
    assert!(status.success());
}

fn as_root(argv: &[&str]) -> Command {
    let mut command = Command::new(SUDO); //~ privileged-command
    command.args(argv);
    command
}

macro_rules! sudo {
    ($($word:expr),*) => {
        Command::new("sudo")$(.arg($word))*.status() //~ privileged-command
    };
}

#[test]
fn a_list() {
    Command::new("sudo").args(["ip", "netns", "add", &namespace()]).status().unwrap(); //~ privileged-command
}

#[test]
fn by_its_path() {
    Cmd::new("/usr/bin/sudo").arg("-n").arg("true").status().unwrap(); //~ privileged-command
}

#[test]
fn over_statements() {
    let mut command = Command::new("sudo"); //~ privileged-command
    command.arg("-E");
    command.arg("tcpdump");
    command.status().unwrap(); //~ unbounded-wait
}

#[test]
fn by_a_constant_list() {
    Command::new(PREFIX[0]).args(&PREFIX[1..]).arg("true").status().unwrap(); //~ privileged-command
}

#[test]
fn by_any_runner() {
    run_and_check(&["sudo", "ip", "link", "del", "dummy0"]); //~ privileged-command, host-network-changed
}

#[test]
fn in_the_text_of_a_shell() {
    Command::new("sh").args(["-c", "sudo ip link del dummy0"]).status().unwrap(); //~ privileged-command, pedantic: shell-command, host-network-changed
}

#[test]
fn further_on_in_the_text_of_a_shell() {
    let line = format!("set -e; ip link | grep -q {0} && sudo -n ip link del {0}", device());
    Command::new("bash").arg("-c").arg(line).status().unwrap(); //~ privileged-command, shell-command, host-network-changed
}

#[test]
fn behind_env_and_timeout() {
    Command::new("env").args(["LANG=C", "sudo", "true"]).status().unwrap(); //~ privileged-command
    Command::new("timeout").args(["-k", "1", "5", "sudo", "true"]).status().unwrap(); //~ privileged-command
}

#[test]
fn doas_pkexec_and_su() {
    Command::new("doas").arg("true").status().unwrap(); //~ privileged-command
    Command::new("pkexec").arg("true").status().unwrap(); //~ privileged-command
    Command::new("su").args(["-", "root", "-c", "true"]).status().unwrap(); //~ privileged-command, pedantic: shell-command
}

#[test]
fn of_libraries() {
    subprocess::Exec::shell("sudo true").join().unwrap(); //~ privileged-command, pedantic: shell-command
    duct::cmd!("sudo", "true").run().unwrap(); //~ privileged-command
    cmd_lib::run_cmd!(sudo modprobe dummy).unwrap(); //~ privileged-command
    let shell = xshell::Shell::new().unwrap();
    xshell::cmd!(shell, "sudo modprobe dummy").run().unwrap(); //~ privileged-command
}

#[test]
fn by_helpers() {
    ip(&["link", "add", &device(), "type", "dummy"]); //~ host-network-changed
    as_root(&["true"]).status().unwrap();
    sudo!("true", "x").unwrap();
}

#[test]
fn if_not_root() {
    let mut argv = Vec::new();
    if !is_root() {
        argv.push("sudo");
    }
    argv.extend(["ip", "link"]);
    Command::new(argv[0]).args(&argv[1..]).status().unwrap(); //~ privileged-command
}

#[tokio::test]
async fn asynchronous() {
    tokio::process::Command::new("sudo").args(["-n", "true"]).status().await.unwrap(); //~ privileged-command
}
