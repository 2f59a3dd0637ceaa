use std::process::Command;

#[test]
fn adds_a_route() {
    let run = ["run", "--rm", "--network", "host", "--privileged", "tools", "ip", "route", "add", "192.0.2.0/24", "dev", "lo"];
    Command::new("docker").args(run).output().unwrap();
}
