use std::process::Command;

fn list(option: &str) {
    Command::new("iptables").args([option, "INPUT", "-n"]).status().unwrap();
}

#[test]
fn lists() {
    list("-L");
}
