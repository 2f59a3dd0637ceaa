//! The zygote is there where a test needs it, and nowhere else.

#![forbid(unsafe_code)]

use std::fs;
use std::process::{Command, Stdio};

use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User};
use netns_tests::witness;

/// How many new processes and threads `strace` sees the command make, by the system calls' names.
fn calls_that_make_processes(command: &Command) -> String {
    let record = tempfile::NamedTempFile::new().expect("there is room");
    let mut traced = Command::new("strace");
    traced.args(["--follow-forks", "--quiet=all", "--output"]).arg(record.path());
    traced.args(["--trace=clone,clone3,fork,vfork", "--"]);
    traced.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => traced.env(name, value),
            None => traced.env_remove(name),
        };
    }
    let ended = traced.stdout(Stdio::null()).status().expect("strace is installed");
    assert!(ended.success());
    let calls = fs::read_to_string(record.path()).expect("strace wrote it");
    // A thread shares the memory; a process does not.
    calls.lines().filter(|line| line.contains("clone") && !line.contains("CLONE_VM")).collect::<Vec<_>>().join("\n")
}

#[test]
fn listing_tests_makes_no_process() {
    if !witness::is_here("strace") {
        return;
    }
    let suite = Suite::build("mixed").expect("the suite builds");
    let mut listing = suite.libtest(User::Caller).unwrap();
    listing.arg("--list");
    assert_eq!(calls_that_make_processes(&listing), "");
    // The control: a run of one test makes some.
    let mut running = suite.libtest(User::Caller).unwrap();
    running.args(["--exact", "passes"]);
    let calls = calls_that_make_processes(&running);
    assert!(calls.contains("CLONE_NEWNET"), "{calls}");
}

#[test]
fn a_binary_without_annotated_tests_makes_no_process() {
    if !witness::is_here("strace") {
        return;
    }
    let suite = Suite::build("plain").expect("the suite builds");
    let ended = suite.libtest(User::Caller).unwrap().output().expect("it starts");
    let report = of_libtest(&String::from_utf8_lossy(&ended.stdout));
    assert_eq!(report["has_no_zygote_and_no_children"].outcome, Outcome::Passed);
    assert_eq!(calls_that_make_processes(&suite.libtest(User::Caller).unwrap()), "");
}

#[test]
fn running_no_test_of_those_that_there_are_leaves_no_process_waiting() {
    let suite = Suite::build("mixed").expect("the suite builds");
    let mut nothing = suite.libtest(User::Caller).unwrap();
    let ended = nothing.args(["--exact", "there_is_none_of_this_name"]).output().expect("it starts");
    assert!(ended.status.success());
    assert!(String::from_utf8_lossy(&ended.stdout).contains("0 passed"));
}
