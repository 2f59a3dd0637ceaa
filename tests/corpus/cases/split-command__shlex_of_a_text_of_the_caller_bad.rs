use std::process::Command;

fn run(line: &str) {
    let words = shlex::split(line).unwrap();
    Command::new(&words[0]).args(&words[1..]).status().unwrap();
}

#[test]
fn runs() {
    run(&std::fs::read_to_string("command").unwrap());
}
