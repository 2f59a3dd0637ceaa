//! `-c` of programs that are no shell, and names that only sound like one.

use std::process::Command;

#[test]
fn of_a_compiler() {
    Command::new("clang").arg("-c").arg(source()).status().unwrap();
}

#[test]
fn of_ping() {
    Command::new("ping").args(["-c", &count()]).arg(peer()).status().unwrap();
}

#[test]
fn of_iperf3() {
    Command::new("iperf3").arg("-c").arg(peer()).status().unwrap();
}

#[test]
fn of_cargo() {
    Command::new("cargo").args(["-c", &setting()]).status().unwrap();
}

#[test]
fn of_ping_in_a_namespace() {
    let (namespace, peer) = (namespace(), peer());
    Command::new("ip").args(["netns", "exec", &namespace, "ping", "-c", "1", &peer]).status().unwrap();
}

#[test]
fn a_script_that_is_a_file() {
    Command::new("sh").arg(script()).status().unwrap();
    Command::new("bash").arg("--norc").arg(script()).arg("-c").status().unwrap();
}

#[test]
fn a_list_that_no_shell_begins() {
    run_and_check(&["-c", &line()]);
}

#[test]
fn a_macro_without_a_shell() {
    let peer = peer();
    xshell::cmd!(shell(), "ping -c 1 {peer}").run().unwrap();
    cmd_lib::run_cmd!(ping -c 1 $peer).unwrap();
    duct::cmd!("ping", "-c", peer).run().unwrap();
}

#[test]
fn a_function_that_is_merely_called_system() {
    system(&line());
    world().system(line());
}

#[test]
fn an_exec_of_something_else() {
    pool().exec(line());
    database().exec(&format!("SELECT {}", column()));
}

#[test]
fn a_list_of_shells() {
    let shells = ["sh", "bash", "zsh"];
    assert!(shells.contains(&login_shell().as_str()));
}

#[test]
fn a_text_that_is_only_compared() {
    assert_eq!(parsed(&["sh", "-x", "-c", "true"].join(" ")).program(), "sh");
}

#[test]
fn a_runner_with_a_list() {
    fn run(argv: &[&str]) -> std::process::Output {
        Command::new(argv[0]).args(&argv[1..]).output().unwrap()
    }
    run(&["ip", "link", "del", &device()]); //~ host-network-changed
}

#[test]
fn a_raw_text_of_a_shell_variable() {
    let port = cmd_lib::run_fun!(bash -c r"echo $RANDOM").unwrap();
    assert!(!port.is_empty());
}
