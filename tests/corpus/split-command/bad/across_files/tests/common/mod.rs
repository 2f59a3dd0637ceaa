//! What the tests share.

pub fn run(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let output = std::process::Command::new(words[0]).args(&words[1..]).output().unwrap(); //~ split-command
    String::from_utf8(output.stdout).unwrap()
}
