use std::process::{Child, Command};

fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new("server");
    command.args(arguments);
    command
}

fn running(arguments: &[&str]) -> Child {
    let child = server(arguments).spawn().unwrap();
    child
}

#[test]
fn one_of_two() {
    let mut one = running(&["cat"]);
    let mut other = running(&["cat"]);
    one.kill().unwrap();
    one.wait().unwrap();
    other.wait().unwrap();
    other.kill().unwrap();
}
