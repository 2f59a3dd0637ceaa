//! Makes a bridge, with a list of constant arguments.
use std::process::Command;

const MAKE: [&str; 5] = ["link", "add", "br0", "type", "bridge"];

fn run(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).status().is_ok_and(|status| status.success())
}

pub fn make_bridge() -> bool {
    run(&MAKE)
}
