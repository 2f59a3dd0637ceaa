//! Calls of `netns-run` with a bounded time.

use std::process::{Command, Output};

use netns_fixtures::cargo_bin;

pub(crate) fn netns_run(arguments: &[&str]) -> Command {
    // A program ignores the signals that its caller ignores, and the caller of these tests (a shell in the background) may
    // ignore SIGQUIT.
    let mut command = Command::new("env");
    command.args(["--default-signal", cargo_bin!("netns-run")]);
    // Bounds every wait of the tests; if an option is repeated, the last one counts.
    command.args(["--deadline", "2m"]).args(arguments);
    command
}

pub(crate) fn ended(arguments: &[&str]) -> Output {
    netns_run(arguments).output().expect("it starts")
}

/// Returns the output of a program that succeeds, without the end of its last line.
pub(crate) fn printed(arguments: &[&str]) -> String {
    let ended = ended(arguments);
    assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).expect("it is text").trim_end().to_owned()
}
