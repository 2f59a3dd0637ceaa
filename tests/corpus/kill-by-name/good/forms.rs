//! Ends that are the test's own business.

use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[test]
fn the_own_child() {
    let mut child = Command::new("server").spawn().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn by_its_number() {
    let mut child = Command::new("server").spawn().unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    child.wait().unwrap();
}

#[test]
fn by_its_number_with_the_program() {
    Command::new("kill").arg(pid().to_string()).status().unwrap();
    Command::new("kill").args(["-9", &pid().to_string()]).status().unwrap();
}

#[test]
fn the_signal_of_number_one() {
    Command::new("kill").args(["-1", &pid().to_string()]).status().unwrap();
}

#[test]
fn the_own_group() {
    unsafe { libc::kill(-group(), libc::SIGKILL) };
    nix::sys::signal::killpg(Pid::from_raw(group()), Signal::SIGKILL).unwrap();
}

#[test]
fn whether_it_runs() {
    kill(Pid::from_raw(pid()), None).unwrap();
    unsafe { libc::kill(pid(), 0) };
}

#[test]
fn only_found() {
    Command::new("pgrep").arg("server").output().unwrap();
    Command::new("sh").args(["-c", "ps aux | grep server"]).output().unwrap(); //~ pedantic: shell-command
}

#[test]
fn in_a_guest() {
    Command::new("ssh").args(["guest", "pkill", "server"]).status().unwrap();
}

#[test]
fn in_a_container() {
    Command::new("docker").args(["exec", &container(), "killall", "server"]).status().unwrap();
    Command::new("docker").args(["kill", &container()]).status().unwrap();
    image().with_cmd(["sh", "-c", "pkill server"]);
}

#[test]
fn of_windows_by_number() {
    Command::new("taskkill").args(["/F", "/PID", &pid().to_string()]).status().unwrap();
}

#[test]
fn a_function_of_that_name() {
    pkill(pid());
    session().killall();
}

#[test]
fn a_text() {
    assert!(usage().contains("pkill"));
    println!("clean up with: killall {}", server());
}

#[test]
fn who_holds_a_port_only_shown() {
    Command::new("fuser").args(["8080/tcp"]).status().unwrap();
    Command::new("ss").args(["-ltnp"]).status().unwrap();
}
