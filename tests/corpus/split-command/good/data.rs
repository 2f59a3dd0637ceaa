//! Texts that are taken apart as data, and lists that were lists from the start.

use std::fs;
use std::process::Command;

#[test]
fn the_output_of_a_tool() {
    let output = Command::new("ip").args(["-o", "link"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() > 1);
    }
}

#[test]
fn a_word_of_the_output_of_a_tool() {
    let output = Command::new("ip").args(["-o", "link"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let name = text.split_whitespace().nth(1).unwrap();
    Command::new("ip").args(["link", "show", name]).status().unwrap();
}

#[test]
fn words_of_the_output_of_a_tool() {
    let output = Command::new("ls").arg("/sys/class/net").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Command::new("ip").args(["link", "show"]).args(text.split_whitespace()).status().unwrap();
}

#[test]
fn a_file_of_the_kernel() {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let pid = stat.split_whitespace().next().unwrap();
    assert_eq!(pid, std::process::id().to_string());
}

#[test]
fn a_word_of_a_file_of_the_kernel() {
    let table = fs::read_to_string("/proc/net/dev").unwrap();
    let device = table.split_whitespace().nth(8).unwrap();
    Command::new("ip").args(["link", "show", "dev", device]).status().unwrap();
}

#[test]
fn a_constant_text() {
    Command::new("ip").args("link show lo".split_whitespace()).status().unwrap();
    Command::new("ip").args("link show lo".split(' ')).status().unwrap();
}

#[test]
fn fields_between_commas() {
    let line = line();
    let fields: Vec<&str> = line.split(',').collect();
    assert_eq!(fields[0], "eth0");
}

#[test]
fn a_key_before_an_equals_sign() {
    let line = line();
    let key = line.split('=').next().unwrap();
    Command::new("sysctl").args(["-n", key]).status().unwrap();
}

#[test]
fn a_list_from_the_start() {
    fn run(argv: &[&str]) -> bool {
        Command::new(argv[0]).args(&argv[1..]).status().unwrap().success()
    }
    assert!(run(&["ip", "link", "show", "lo"]));
}

#[test]
fn a_list_of_a_configuration() {
    let argv: Vec<String> = configuration().command;
    Command::new(&argv[0]).args(&argv[1..]).status().unwrap();
}

#[test]
fn a_variable_of_the_child() {
    let line = line();
    Command::new("true").env("FIRST", line.split_whitespace().next().unwrap()).status().unwrap();
}

#[test]
fn words_that_are_counted() {
    let line = line();
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words.len(), 2);
}

#[test]
fn lines_of_a_table() {
    for line in "a\nb".lines() {
        Command::new("ip").args(["link", "show", line]).status().unwrap();
    }
}

#[test]
fn a_number_of_a_request() {
    let request = request();
    let status: u16 = request.split(' ').nth(1).unwrap().parse().unwrap();
    assert_eq!(status, 200);
}
