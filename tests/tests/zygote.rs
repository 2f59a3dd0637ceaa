//! The zygote exists if a test needs it, and only then.

#![forbid(unsafe_code)]

use std::fs;
use std::process::{Command, Stdio};

use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User};
use netns_tests::witness;
use nix::sys::resource::{Resource, getrlimit};

/// Returns the system calls by which the command creates processes and threads, as `strace` sees them.
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

/// The comparison reads 110 files. Later tests of a process start with the result of the first.
#[test]
fn the_settings_of_the_machine_are_compared_once() {
    if !witness::is_here("strace") {
        return;
    }
    let suite = Suite::build("observed").expect("the suite builds");
    let comparisons = |tests: &[&str]| {
        let record = tempfile::NamedTempFile::new().expect("there is room");
        let mut traced = Command::new("strace");
        traced.args(["--follow-forks", "--quiet=all", "--trace=openat", "--output"]).arg(record.path()).arg("--");
        traced.arg(suite.libtest(User::Caller).unwrap().get_program());
        traced.args(["--exact", "--test-threads=1"]).args(tests);
        assert!(traced.stdout(Stdio::null()).status().expect("strace is installed").success());
        let opened = fs::read_to_string(record.path()).expect("strace wrote it");
        opened.lines().filter(|line| line.contains("\"net/ipv4/conf/all\"")).count()
    };
    assert_eq!(comparisons(&["passes_and_is_not_kept", "tells_where_it_is", "tells_where_it_is_too"]), 1);
    // The control: each process compares.
    assert_eq!(comparisons(&["passes_and_is_not_kept"]), 1);
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

/// Runs an ignored test of the suite `observed` as each user, with these arguments and threads, and returns what each run printed.
fn printed_by_each_user(arguments: &[&str], threads: Option<&str>) -> Vec<String> {
    printed_under(&[], arguments, threads)
}

/// As [`printed_by_each_user`]; the words of a launcher start the suite.
fn printed_under(launcher: &[&str], arguments: &[&str], threads: Option<&str>) -> Vec<String> {
    let suite = Suite::build("observed").expect("the suite builds");
    let run = |&user| {
        let mut libtest = match launcher {
            [] => suite.libtest(user).unwrap(),
            [program, arguments @ ..] => {
                let mut command = suite.program(program, user).unwrap();
                command.args(arguments).arg(suite.binary());
                command
            }
        };
        libtest.arg("--ignored").args(arguments).envs(threads.map(|threads| ("RUST_TEST_THREADS", threads)));
        let ended = libtest.output().expect("it starts");
        let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success() && printed.contains("1 passed"), "{user:?}: {printed}");
        printed
    };
    User::all().iter().map(run).collect()
}

#[test]
fn a_runner_without_descriptors_fails_one_test_and_not_those_after_it() {
    printed_by_each_user(&["--exact", "exhausts_the_descriptors_of_the_runner"], None);
}

#[test]
fn a_test_waits_for_its_namespaces_no_longer_than_its_own_deadline() {
    printed_by_each_user(&["--exact", "waits_no_longer_than_its_own_deadline"], None);
}

/// A test that gives up waiting leaves a request behind. The end of a later test ends the children that are too many.
#[test]
fn late_tests_leave_no_more_children_than_may_be_prepared() {
    let left = |arguments: &[&str]| {
        let arguments = [&["--show-output", "leaves_children_that_no_test_waits_for"], arguments].concat();
        // One zygote.
        let printed = printed_by_each_user(&arguments, Some("1"));
        let left = |printed: &String| printed.lines().find(|line| line.starts_with("test left ")).map(str::to_owned);
        printed.iter().map(left).collect::<Vec<_>>()
    };
    // One test alone has no use for any.
    for printed in left(&["--exact"]) {
        assert_eq!(printed.as_deref(), Some("test left 0 children"));
    }
    if !witness::limits_allow_preparation() {
        return;
    }
    for printed in left(&[]) {
        assert_eq!(printed.as_deref(), Some("test left 4 children"));
    }
}

#[test]
fn many_tests_at_the_same_time_have_two_zygotes_and_fail_by_name_if_one_ends() {
    printed_by_each_user(&["takes_namespaces_from_each_of_two_zygotes"], Some("16"));
    printed_by_each_user(&["takes_namespaces_from_each_of_two_zygotes", "--test-threads", "16"], Some("1"));
}

/// Returns what the seven tests of `changes_the_runner` report, for each user; the words of a launcher start the suite.
fn inherited_states(launcher: &[&str]) -> Vec<Vec<String>> {
    // Without `--exact`, which prepares no child ahead.
    let printed = printed_under(launcher, &["--show-output", "changes_the_runner"], None);
    let states = |printed: &String| -> Vec<String> {
        printed.lines().filter(|line| line.starts_with("test None ")).map(str::to_owned).collect()
    };
    printed.iter().map(states).collect()
}

/// Also of children that were prepared before the change and after it.
#[test]
fn a_test_inherits_the_state_of_its_runner_at_the_start() {
    let before = inherited_states(&[]);
    for states in &before {
        assert!(states.len() == 7 && states.iter().all(|state| *state == states[0]), "{states:?}");
    }
    // The control: a runner that starts with another limit has tests with another state.
    if !witness::is_here("prlimit") {
        return;
    }
    let (soft, _) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    let after = inherited_states(&["prlimit", &format!("--fsize={}:", soft / 4)]);
    for (before, after) in before.iter().zip(&after) {
        assert!(after.len() == 7 && after.iter().all(|state| *state == after[0]), "{after:?}");
        assert_ne!(before[0], after[0]);
    }
}
