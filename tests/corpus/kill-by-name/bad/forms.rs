//! Whatever ends processes by what they are called, or all of them.

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const KILLALL: &str = "/usr/bin/killall";
const EVERYBODY: i32 = -1;

fn stop(name: &str) {
    let _ = Command::new("pkill").args(["-9", "-x", name]).status(); //~ kill-by-name
}

struct Server;

impl Drop for Server {
    fn drop(&mut self) {
        Command::new("killall").arg("-q").arg("dnsmasq").status().unwrap(); //~ kill-by-name
    }
}

#[test]
fn by_pattern() {
    Command::new("pkill").args(["-f", &pattern()]).status().unwrap(); //~ kill-by-name
}

#[test]
fn by_path() {
    Command::new(KILLALL).arg("-9").arg("server").status().unwrap(); //~ kill-by-name
}

#[test]
fn over_statements() {
    let mut command = Command::new("killall"); //~ kill-by-name
    command.arg("server");
    command.status().unwrap();
}

#[test]
fn everybody() {
    Command::new("kill").args(["-9", "-1"]).status().unwrap(); //~ kill-by-name
    Command::new("kill").args(["-s", "TERM", "--", "-1"]).status().unwrap(); //~ kill-by-name
}

#[test]
fn everybody_by_a_call() {
    unsafe { libc::kill(-1, libc::SIGKILL) }; //~ kill-by-name
    kill(Pid::from_raw(-1), Signal::SIGKILL).unwrap(); //~ kill-by-name
    kill(Pid::from_raw(EVERYBODY), Signal::SIGTERM).unwrap(); //~ kill-by-name
}

#[test]
fn in_the_text_of_a_shell() {
    Command::new("sh").args(["-c", "pkill dnsmasq || true"]).status().unwrap(); //~ kill-by-name, pedantic: shell-command
}

#[test]
fn what_was_found_by_name() {
    Command::new("sh").args(["-c", "kill $(pidof dnsmasq)"]).status().unwrap(); //~ kill-by-name, pedantic: shell-command
    Command::new("sh").args(["-c", "kill -9 `pgrep -f server`"]).status().unwrap(); //~ kill-by-name, pedantic: shell-command
    Command::new("sh").args(["-c", "pgrep server | xargs kill"]).status().unwrap(); //~ kill-by-name, pedantic: shell-command
    Command::new("sh").args(["-c", "ps aux | grep server | awk '{print $2}' | xargs kill"]).status().unwrap(); //~ kill-by-name, pedantic: shell-command
}

#[test]
fn what_was_found_by_name_in_two_steps() {
    let output = Command::new("pgrep").arg("server").output().unwrap();
    let pid = String::from_utf8(output.stdout).unwrap();
    Command::new("kill").arg(pid.trim()).status().unwrap(); //~ kill-by-name
}

#[test]
fn with_a_part_that_is_not_constant() {
    let line = format!("sleep 1; killall {}", server());
    Command::new("bash").arg("-c").arg(line).status().unwrap(); //~ kill-by-name, shell-command
}

#[test]
fn behind_other_programs() {
    Command::new("sudo").args(["pkill", "dnsmasq"]).status().unwrap(); //~ kill-by-name, privileged-command
    Command::new("ip").args(["netns", "exec", &namespace(), "pkill", "server"]).status().unwrap(); //~ kill-by-name
    Command::new("timeout").args(["5", "killall", "server"]).status().unwrap(); //~ kill-by-name
}

#[test]
fn of_windows() {
    Command::new("taskkill").args(["/F", "/IM", "server.exe"]).status().unwrap(); //~ kill-by-name
}

#[test]
fn who_holds_a_port() {
    Command::new("fuser").args(["-k", "8080/tcp"]).status().unwrap(); //~ kill-by-name
}

#[test]
fn of_libraries() {
    cmd_lib::run_cmd!(pkill -f server).unwrap(); //~ kill-by-name
    duct::cmd!("killall", "server").run().unwrap(); //~ kill-by-name
    let shell = xshell::Shell::new().unwrap();
    xshell::cmd!(shell, "pkill server").run().unwrap(); //~ kill-by-name
    run_and_check(&["sudo", "killall", "server"]); //~ kill-by-name, privileged-command
}

#[test]
fn by_a_helper() {
    stop("server");
}
