//! Shells that something else has started, or chosen.

use std::env;
use std::process::Command;

struct Lab {
    name: String,
}

impl Lab {
    fn run(&self, line: &str) {
        Command::new("ip").args(["netns", "exec", &self.name, "sh", "-c", line]).status().unwrap(); //~ shell-command
    }
}

fn bash() -> Command {
    let mut command = Command::new("bash");
    command.arg("-c");
    command
}

mod descriptions {
    use clap::Command;

    pub fn of_the_tool() -> Command {
        Command::new("sh").arg("-c")
    }
}

#[test]
fn by_a_command_that_a_helper_began() {
    bash().arg(device()).status().unwrap(); //~ shell-command
}

#[test]
fn by_the_path_of_a_method() {
    let lab = lab();
    Lab::run(&lab, &format!("ip link set {} up", device()));
    Lab::run(&lab, "ip link show");
}

#[test]
fn by_a_pair_that_a_branch_decides() {
    let (shell, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    Command::new(shell).arg(option).arg(device()).status().unwrap(); //~ shell-command
}

#[test]
fn by_a_chain() {
    Command::new("sh").args(["-c"].into_iter().chain([device()])).status().unwrap(); //~ shell-command
}

#[test]
fn by_a_text_that_grows() {
    let mut script = String::from("set -e\n");
    for device in devices() {
        script.push_str("ip link del ");
        script.push_str(&device);
        script.push('\n');
    }
    Command::new("sh").arg("-c").arg(script).status().unwrap(); //~ shell-command, host-network-changed
}

#[test]
fn by_the_shell_of_the_user() {
    let shell = env::var("SHELL").unwrap();
    Command::new(shell).arg("-c").arg(device()).status().unwrap(); //~ shell-command, pedantic: option-injection
}

#[test]
fn on_another_machine() {
    Command::new("ssh").arg("guest").arg(format!("ip link del {}", device())).status().unwrap(); //~ shell-command
}

#[test]
fn for_each_line() {
    Command::new("xargs").args(["-I{}", "sh", "-c", &line()]).status().unwrap(); //~ shell-command
}
