//! A text that is taken apart and becomes a program or its arguments.

use std::process::Command;

fn run(line: &str) -> bool {
    let mut words = line.split_whitespace();
    Command::new(words.next().unwrap()).args(words).status().unwrap().success() //~ split-command
}

macro_rules! run {
    ($line:expr) => {{
        let words: Vec<&str> = $line.split(' ').collect();
        Command::new(words[0]).args(&words[1..]).status() //~ split-command
    }};
}

#[test]
fn program_and_arguments() {
    let words: Vec<String> = line().split_whitespace().map(str::to_owned).collect();
    Command::new(&words[0]).args(&words[1..]).status().unwrap(); //~ split-command
}

#[test]
fn first_and_rest() {
    let line = line();
    let words: Vec<&str> = line.split(' ').collect();
    let (program, arguments) = words.split_first().unwrap();
    Command::new(program).args(arguments).output().unwrap(); //~ split-command
}

#[test]
fn by_a_slice_pattern() {
    let line = line();
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [program, arguments @ ..] = words.as_slice() else { panic!("{line}") };
    Command::new(program).args(arguments).output().unwrap(); //~ split-command
}

#[test]
fn only_the_arguments() {
    Command::new("ip").args(line().split_whitespace()).status().unwrap(); //~ split-command
}

#[test]
fn of_a_text_put_together() {
    let text = format!("link set {} up", device());
    Command::new("ip").args(text.split(' ')).status().unwrap(); //~ split-command
}

#[test]
fn one_by_one() {
    let mut command = Command::new("ip"); //~ split-command
    for word in line().split_whitespace() {
        command.arg(word);
    }
    command.status().unwrap();
}

#[test]
fn once() {
    let line = line();
    let (program, argument) = line.split_once(' ').unwrap();
    Command::new(program).arg(argument).status().unwrap(); //~ split-command
}

#[test]
fn by_shlex() {
    let words = shlex::split(&line()).unwrap();
    Command::new(&words[0]).args(&words[1..]).status().unwrap(); //~ split-command
}

#[test]
fn by_shell_words() -> anyhow::Result<()> {
    let words = shell_words::split(&line())?;
    Command::new("timeout").arg("5").args(words).status()?; //~ split-command
    Ok(())
}

#[test]
fn the_root_helper_of_the_environment() {
    let helper = std::env::var("ROOT_HELPER").unwrap_or_else(|_| "sudo -n".to_owned());
    let mut argv = shlex::split(&helper).unwrap();
    argv.push("ip".to_owned());
    Command::new(&argv[0]).args(&argv[1..]).status().unwrap(); //~ split-command, option-injection
}

#[tokio::test]
async fn asynchronous() {
    let line = line();
    let mut words = line.split_whitespace();
    let program = words.next().unwrap();
    tokio::process::Command::new(program).args(words).status().await.unwrap(); //~ split-command
}

#[test]
fn by_duct() {
    let words: Vec<String> = line().split_whitespace().map(String::from).collect();
    duct::cmd(&words[0], &words[1..]).run().unwrap(); //~ split-command
}

#[test]
fn by_a_helper() {
    assert!(run(&format!("ip link del {}", device())));
}

#[test]
fn by_a_macro() {
    run!(line()).unwrap();
}
