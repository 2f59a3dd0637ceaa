//! A helper is reported where it runs a shell, its callers only where they are the ones that choose it.

use std::process::Command;

fn sh(line: &str) {
    Command::new("sh").arg("-c").arg(line).status().unwrap(); //~ shell-command
}

fn delete(device: &str) {
    sh(&format!("ip link del {device}")); //~ host-network-changed
}

fn run(argv: &[&str]) {
    Command::new(argv[0]).args(&argv[1..]).status().unwrap();
}

fn in_shell(line: &str) {
    run(&["sh", "-c", line]); //~ shell-command
}

fn both(line: &str, argv: &[&str]) {
    sh(line);
    run(argv);
}

#[test]
fn through_two() {
    delete(&device());
}

#[test]
fn by_the_caller_of_a_runner() {
    run(&["bash", "-c", &line()]); //~ shell-command
}

#[test]
fn through_a_caller_of_a_runner() {
    in_shell(&line());
}

#[test]
fn of_its_own_besides_that_of_the_helper() {
    both(&line(), &["sh", "-c", &line()]); //~ shell-command
}

#[test]
fn through_a_closure() {
    let shell = |line: &str| Command::new("sh").arg("-c").arg(line).status(); //~ shell-command
    shell(&line()).unwrap();
}
