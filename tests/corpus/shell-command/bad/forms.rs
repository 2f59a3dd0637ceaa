//! The forms in which a shell gets its text.

use std::process::Command;
use std::process::Command as Process;

const SHELL: &str = "/bin/bash";
const FLAG: &str = "-c";

fn in_namespace(namespace: &str, line: &str) -> std::process::ExitStatus {
    let mut command = Command::new("ip"); //~ shell-command
    command.args(["netns", "exec", namespace, "bash", "-c", line]);
    command.status().unwrap()
}

macro_rules! sh {
    ($line:expr) => {
        Command::new("sh").arg("-c").arg($line).status() //~ shell-command
    };
}

#[test]
fn a_chain() {
    let device = device();
    Command::new("sh").arg("-c").arg(format!("ip link del {device}")).status().unwrap(); //~ shell-command, host-network-changed
}

#[test]
fn a_chain_over_statements() {
    let line = format!("tc qdisc add dev {} root netem", device());
    let mut command = Process::new("bash"); //~ shell-command, host-network-changed
    command.arg("-e");
    if verbose() {
        command.arg("-x");
    }
    command.arg("-c");
    command.arg(line);
    command.status().unwrap();
}

#[test]
fn a_slice() {
    Command::new("sh").args(["-c", &line()]).output().unwrap(); //~ shell-command
}

#[test]
fn letters_together() {
    Command::new("bash").args(["-euxo", "pipefail", "-c"]).arg(line()).status().unwrap(); //~ shell-command
    Command::new("bash").arg("-lc").arg(line()).status().unwrap(); //~ shell-command
}

#[test]
fn by_constants() {
    Command::new(SHELL).arg(FLAG).arg(line()).status().unwrap(); //~ shell-command
}

#[test]
fn by_a_vector_for_any_runner() {
    run_and_check(vec!["sh", "-c", &line()]); //~ shell-command
}

#[test]
fn by_a_vector_that_grows() {
    let mut argv = vec!["/bin/sh", "-c"];
    let line = line();
    argv.push(&line);
    run_and_check(&argv); //~ shell-command
}

#[test]
fn by_a_vector_of_texts() {
    let argv: Vec<String> = vec!["zsh".into(), "-c".into(), format!("ping {}", peer())];
    Command::new(&argv[0]).args(&argv[1..]).status().unwrap(); //~ shell-command
}

#[test]
fn concatenated() {
    Command::new("dash").arg("-c").arg("ip netns del ".to_owned() + &namespace()).status().unwrap(); //~ shell-command
}

#[test]
fn replaced() {
    let script = include_str!("setup.sh").replace("@DEVICE@", &device());
    Command::new("ksh").arg("-c").arg(script).status().unwrap(); //~ shell-command
}

#[test]
fn joined() {
    let words = vec!["ip".to_owned(), "link".to_owned(), device()];
    Command::new("ash").args(["-c", &words.join(" ")]).status().unwrap(); //~ shell-command
}

#[test]
fn by_a_macro() {
    sh!(line()).unwrap();
}

#[test]
fn in_a_macro() {
    assert!(Command::new("sh").arg("-c").arg(line()).status().unwrap().success()); //~ shell-command
}

#[test]
fn by_a_helper() {
    in_namespace("blue", &format!("ping -c 1 {}", peer()));
}

#[test]
fn by_a_closure() {
    let run = |line: &str| Command::new("sh").arg("-c").arg(line).status(); //~ shell-command
    run(&format!("ip link del {}", device())).unwrap(); //~ host-network-changed
}

#[tokio::test]
async fn asynchronous() {
    let child = tokio::process::Command::new("sh").arg("-c").arg(line()).kill_on_drop(true).spawn(); //~ shell-command
    serve(child).await;
}

#[test]
fn of_windows() {
    Command::new("cmd").args(["/C", &line()]).status().unwrap(); //~ shell-command
    Command::new("powershell.exe").arg("-NoProfile").arg("-Command").arg(line()).status().unwrap(); //~ shell-command
}

#[test]
fn from_the_environment() {
    let hook = std::env::var("SETUP").unwrap();
    Command::new("sh").args(["-c", &hook]).status().unwrap(); //~ shell-command
}

#[test]
fn of_a_fixed_text() {
    Command::new("sh").args(["-c", "exit 1"]).status().unwrap(); //~ pedantic: shell-command
}
