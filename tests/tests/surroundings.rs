//! A test's result does not depend on its runner's start: open or closed streams, and ignored signals.

#![forbid(unsafe_code)]

use std::process::{Command, Stdio};
use std::sync::LazyLock;

use netns_fixtures::prelude::*;
use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User};

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

/// Returns the suite's binary, started through another program.
fn started_through(program: &str, arguments: &[&str], suite: &Suite) -> Command {
    let libtest = suite.libtest(User::Caller).expect("there is a folder");
    let mut command = Command::new(program);
    command.args(arguments).arg(libtest.get_program()).current_dir("/");
    for (name, _) in libtest.get_envs().filter(|(_, value)| value.is_none()) {
        command.env_remove(name);
    }
    command
}

#[test]
fn standard_streams_that_are_closed_keep_no_test_from_passing() {
    let suite = Suite::build("misbehaving").expect("the suite builds");
    for closed in ["0", "1", "2", "01", "12", "012"] {
        let run = |test: &str| {
            let mut runner = started_through(*SUBJECT, &["without-streams", closed], &suite);
            runner.args(["--exact", test]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let ended = runner.output().expect("it starts");
            // The runner writes to the streams that are open.
            let printed = String::from_utf8_lossy(&[ended.stdout, ended.stderr].concat()).into_owned();
            (ended.status.code(), printed)
        };
        let (status, printed) = run("passes");
        assert_eq!(status, Some(0), "{closed}: {printed}");
        // The control: the exit status distinguishes the two.
        let (status, printed) = run("panics");
        assert_eq!(status, Some(101), "{closed}: {printed}");
    }
}

/// The number of tests is the control: a suite that finds no test passes too.
#[test]
fn a_suite_passes_without_cargo_and_without_any_variable() {
    let suite = Suite::build("configured").expect("the suite builds");
    let empty = tempfile::tempdir().expect("there is room");
    let mut runner = Command::new(suite.binary());
    let ended = runner.env_clear().current_dir(empty.path()).args(["--exact", "addresses", "limits"]).output();
    let ended = ended.expect("it starts");
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && printed.contains("test result: ok. 2 passed;"), "{printed}");
    assert_eq!(empty.path().read_dir().expect("it is there").count(), 0, "it writes nothing");
}

/// Never panics on a closed standard error: libtest would count that as the expected panic.
#[test]
fn a_failure_that_nobody_hears_of_is_still_a_failure() {
    let suite = Suite::build("misbehaving").expect("the suite builds");
    let run = |test: &str| {
        let (nobody, unheard) = std::io::pipe().expect("there is room");
        drop(nobody);
        let mut runner = suite.libtest(User::Caller).expect("there is a folder");
        runner.args(["--exact", "--nocapture", test]).stderr(unheard);
        runner.output().expect("it starts").status.code()
    };
    assert_eq!(run("exits_instead_of_any_panic"), Some(101));
    assert_eq!(run("panics"), Some(101));
    // The control: without a failure, the streams do not matter.
    assert_eq!(run("panics_as_it_should"), Some(0));
}

/// Ignored signals stay ignored across exec, so a supervisor passes them on to all its descendants.
#[test]
fn a_runner_whose_children_are_reaped_by_the_kernel_learns_how_they_end() {
    let suite = Suite::build("misbehaving").expect("the suite builds");
    let mut runner = started_through("env", &["--ignore-signal=CHLD"], &suite);
    runner.args(["--exact", "passes", "panics_as_it_should", "exits_with_7", "aborts"]);
    let ended = runner.output().expect("it starts");
    let printed = String::from_utf8_lossy(&ended.stdout);
    let report = of_libtest(&printed);
    let outcomes = ["passes", "panics_as_it_should", "exits_with_7", "aborts"].map(|test| report[test].outcome);
    assert_eq!(outcomes, [Outcome::Passed, Outcome::Passed, Outcome::Failed, Outcome::Failed], "{printed}");
    assert!(report["exits_with_7"].text.contains("ended with exit status 7"), "{printed}");
    assert!(report["aborts"].text.contains("was killed by SIGABRT (6)"), "{printed}");
}

/// A daemon that a test stops with SIGINT also stops under `nohup`.
#[test]
fn signals_that_the_runner_ignores_or_blocks_are_not_the_tests() {
    let suite = Suite::build("misbehaving").expect("the suite builds");
    let mut runner = started_through("env", &["--ignore-signal=HUP,INT,QUIT,TERM,USR1", "--block-signal=USR2"], &suite);
    let ended = runner.args(["--exact", "has_the_signals_of_a_login"]).output().expect("it starts");
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stdout));
    // The control: a program of that caller ignores them.
    let control = Command::new("env").args(["--ignore-signal=INT", "grep", "SigIgn", "/proc/self/status"]).output();
    let line = String::from_utf8(control.expect("it starts").stdout).expect("it is text");
    let ignored = u64::from_str_radix(line.trim_start_matches("SigIgn:").trim(), 16).expect("it is a number");
    assert_eq!(ignored & 0b10, 0b10, "{line}");
}
