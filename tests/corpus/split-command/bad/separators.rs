//! White space by other names.

use std::process::Command;

#[test]
fn by_a_function() {
    let line = line();
    let words: Vec<&str> = line.split(char::is_whitespace).collect();
    Command::new(words[0]).args(&words[1..]).status().unwrap(); //~ split-command
}

#[test]
fn by_a_closure() {
    let line = line();
    let words: Vec<&str> = line.split(|character: char| character.is_whitespace()).collect();
    Command::new(words[0]).args(&words[1..]).status().unwrap(); //~ split-command
}

#[test]
fn by_several_characters() {
    let line = line();
    Command::new("ip").args(line.split([' ', '\t'])).status().unwrap(); //~ split-command
}
