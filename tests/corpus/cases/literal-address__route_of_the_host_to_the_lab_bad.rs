// One command goes inside; the other changes the machine.
use std::process::Command;

#[test]
fn outside() {
    Command::new("ip").args(["netns", "exec", "lab", "ip", "addr", "add", "10.0.4.1/24", "dev", "inner"]).status().unwrap();
    Command::new("ip").args(["route", "add", "10.0.4.0/24", "dev", "outer"]).status().unwrap();
}
