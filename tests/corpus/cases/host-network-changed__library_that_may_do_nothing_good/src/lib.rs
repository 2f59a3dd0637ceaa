//! Changes the network only if the settings ask for it, and returns a command that others run.
use std::process::Command;

pub struct Settings {
    pub is_active: bool,
}

pub fn apply(settings: &Settings) {
    if settings.is_active {
        Command::new("ip").args(["link", "add", "br0", "type", "bridge"]).status().unwrap();
    }
}

pub fn shown() -> Command {
    let mut command = Command::new("ip");
    command.args(["route", "flush", "all"]);
    command
}

pub fn list() {
    Command::new("ip").args(["route", "show"]).status().unwrap();
}
