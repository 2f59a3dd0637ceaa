//! A `Command` that describes a command line and starts nothing.

use clap::{Arg, Command};

#[test]
fn a_shell_as_subcommand() {
    let matches = Command::new("sh").arg(Arg::new("c").short('c')).get_matches_from(["sh", "-c", "true"]);
    assert!(matches.get_flag("c"));
}

#[test]
fn a_shell_as_name() {
    let command = Command::new("bash").args([Arg::new("-c"), Arg::new(name())]);
    assert_eq!(command.get_name(), "bash");
}
