use std::process::Command;
fn run(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    assert!(Command::new(words[0]).args(&words[1..]).status().unwrap().success());
}
#[test]
fn all() { run(&std::env::var("LINE").unwrap()); }
