//! A suite that must fail: checks every result and every message under libtest and nextest, on one thread and on eight, as root and as
//! nobody.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};

use netns_tests::report::{Outcome, TestReport, of_libtest, of_nextest};
use netns_tests::suite::{Suite, User};
use netns_tests::witness;

use Outcome::{Failed, Ignored, Passed};

/// The expected outcome of a test, and texts that its report must contain.
type Expectation = (&'static str, Outcome, &'static [&'static str]);

/// The text for a stack overflow on another thread than the body's; a static program has no table of functions through which
/// such threads can be watched.
const OF_ANOTHER_THREAD: &[&str] = if cfg!(target_env = "musl") {
    &["was killed by SIGSEGV (11)"]
} else {
    &["has overflowed its stack", "was killed by SIGABRT (6)"]
};

const EXPECTED: &[Expectation] = &[
    ("passes", Passed, &[]),
    ("has_the_signals_of_a_login", Passed, &[]),
    ("panics_as_it_should", Passed, &[]),
    ("panics", Failed, &["thread 'panics'", "tests/suites/suites/misbehaving.rs:30:5", "the cable is cut"]),
    (
        "asserts_that_one_is_two",
        Failed,
        &["misbehaving.rs:35:5", "assertion `left == right` failed: arithmetic", "left: 1", "right: 2"],
    ),
    ("returns_an_error", Failed, &["Error: the answer did not come", "it returned an error"]),
    ("returns_an_error_asynchronously", Failed, &["Error: the answer did not come"]),
    ("exits_with_0", Failed, &["ended with exit status 0 before the test came to its end", "something called `exit`"]),
    ("exits_with_7", Failed, &["ended with exit status 7 before the test came to its end"]),
    ("exits_instead_of_the_panic", Failed, &["ended with exit status 101", "test did not panic as expected"]),
    ("aborts", Failed, &["was killed by SIGABRT (6)"]),
    ("writes_where_nothing_is", Failed, &["was killed by SIGSEGV (11)", "help: ", "core"]),
    (
        "overflows_its_stack",
        Failed,
        &["thread 'overflows_its_s' has overflowed its stack", "was killed by SIGABRT (6)"],
    ),
    (
        "hangs_with_a_grandchild",
        Failed,
        &[
            "the deadline of 700ms passed",
            "waits in",
            "misbehaving",
            // The name of a thread has 15 bytes; source: pthread_setname_np(3).
            "(its thread \"hangs_with_a_gr\")",
            "/bin/sleep 4711",
            "hrtimer_nanosleep",
        ],
    ),
    ("hangs_asynchronously", Failed, &["the deadline of 700ms passed", "still running:"]),
    ("shares_one_processor_with_too_many", Failed, &["thread ", "for a processor", "NETNS_TEST_TIME_FACTOR"]),
    ("does_not_panic_as_it_should", Failed, &["test did not panic as expected"]),
    (
        "panics_with_another_text",
        Failed,
        &["panic did not contain expected string", "\"the rope is cut\"", "\"the cable is cut\""],
    ),
    (
        "closes_all_descriptors",
        Failed,
        &["its channel to the runner was closed", "close only descriptors that the test"],
    ),
    ("kills_its_parent_and_goes_on", Passed, &[]),
    ("kills_everything_that_it_can", Passed, &[]),
    ("forks_and_returns_twice", Failed, &["the test forked, and the copy returned from the body as well", "_exit"]),
    // The body must check the copy's exit, as for every child.
    ("forks_and_the_copy_panics", Passed, &[]),
    ("forks_and_the_copy_drops_a_published_name", Passed, &[]),
    ("leaves_a_daemon_that_holds_standard_output", Passed, &[]),
    ("leaves_a_child_that_holds_standard_output", Passed, &[]),
    ("writes_to_every_socket_that_it_finds", Failed, &["wrote to a descriptor that is not its own"]),
    ("panics_on_a_thread_that_it_joins", Failed, &["on another thread", "called `Result::unwrap()` on an `Err` value"]),
    (
        "asks_for_a_fixture_that_is_not_to_be_had",
        Failed,
        &["NoSuchServer` could not be set up", "there is no such server"],
    ),
    ("is_ignored", Ignored, &[]),
    ("exits_instead_of_any_panic", Failed, &["ended with exit status 101", "test did not panic as expected"]),
    ("exits_on_another_thread", Failed, &["ended with exit status 0 before the test came to its end"]),
    ("is_sent_the_signal_of_a_fault", Failed, &["was killed by SIGSEGV (11)"]),
    ("stops_itself", Failed, &["the deadline of 700ms passed", "T (stopped)"]),
    ("ends_by_a_real_time_signal", Failed, &["was killed by real-time signal SIGRTMIN+2"]),
    ("has_no_memory_left", Failed, &["memory allocation of 1073741824 bytes failed", "was killed by SIGABRT (6)"]),
    ("becomes_another_user_and_panics", Failed, &["thread 'becomes_another_user_and_panics'", "the cable is cut"]),
    ("prints_through_the_c_library", Failed, &["said in C", "Error: after that"]),
    ("becomes_another_program", Failed, &["ended with exit status 0 before the test came to its end"]),
    ("panics_while_panicking", Failed, &["the first", "in a destructor", "was killed by SIGABRT (6)"]),
    ("panics_with_a_payload_that_panics", Failed, &["thread 'panics_with_a_payload_that_panics'", "Box<dyn Any>"]),
    ("panics_in_the_destructor_of_a_thread_local", Failed, &["in a destructor", "was killed by SIGABRT (6)"]),
    ("ends_its_thread_alone", Failed, &["the deadline of 700ms passed"]),
    ("puts_another_socket_in_the_place_of_the_channel", Failed, &["before the test came to its end"]),
    ("has_used_up_every_limit", Passed, &[]),
    ("takes_its_root_and_its_proc_away", Passed, &[]),
    ("blocks_every_signal_and_leaves_threads", Passed, &[]),
    ("hangs_and_shows_nobody_what_it_is", Failed, &["the deadline of 700ms passed", "still running:", "misbehaving"]),
    ("writes_the_outcome_of_a_pass_and_exits", Failed, &["wrote to a descriptor that is not its own"]),
    ("redirects_standard_error_and_panics", Failed, &["misbehaving.rs:", "the cable is cut"]),
    ("closes_standard_error_and_returns_an_error", Failed, &["the answer did not come"]),
    (
        "closes_standard_error_and_overflows_its_stack",
        Failed,
        &["thread 'closes_standard' has overflowed its stack", "was killed by SIGABRT (6)"],
    ),
    ("panics_without_a_hook", Failed, &["the body panicked: the cable is cut"]),
    ("has_a_hook_that_prints_nothing", Failed, &["the body panicked: the cable is cut"]),
    ("overflows_the_stack_of_a_worker", Failed, OF_ANOTHER_THREAD),
    ("overflows_the_stack_of_a_thread", Failed, OF_ANOTHER_THREAD),
    ("is_traced_by_its_parent", Failed, &["was killed by SIGUSR1 (10)"]),
];

/// Compares all tests before it fails, so that one run shows all mismatches.
fn compare(run: &str, report: &BTreeMap<String, TestReport>, printed: &str) {
    let mut wrong = Vec::new();
    for (name, outcome, texts) in EXPECTED {
        let Some(told) = report.get(*name) else {
            wrong.push(format!("{name} is not in the report"));
            continue;
        };
        if told.outcome != *outcome {
            wrong.push(format!("{name} is {:?} and should be {outcome:?}", told.outcome));
        }
        for text in texts.iter().filter(|text| !told.text.contains(**text)) {
            wrong.push(format!("{name} does not say {text:?} but:\n{}", told.text));
        }
    }
    let expected: BTreeSet<&str> = EXPECTED.iter().map(|(name, ..)| *name).collect();
    let told: BTreeSet<&str> = report.keys().map(String::as_str).collect();
    let unknown: Vec<_> = told.difference(&expected).collect();
    if !unknown.is_empty() {
        wrong.push(format!("these are not expected: {unknown:?}"));
    }
    assert!(wrong.is_empty(), "{run}:\n{}\n\nthe whole output:\n{printed}", wrong.join("\n"));
}

#[test]
fn libtest_reports_every_failure_as_what_it_is() {
    let suite = Suite::build("misbehaving").expect("the suite builds");
    for &user in User::all() {
        for threads in ["1", "8"] {
            let mut libtest = suite.libtest(user).expect("there is a folder");
            let ended = libtest.args(["--test-threads", threads]).output().expect("it starts");
            let printed = String::from_utf8_lossy(&ended.stdout);
            let run = format!("libtest, {threads} threads, {user:?}");
            compare(&run, &of_libtest(&printed), &printed);
            assert_eq!(ended.status.code(), Some(101), "{run}");
            // Captured output does not also appear on standard error.
            assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{run}");
        }
    }
}

#[test]
fn nextest_reports_every_failure_as_what_it_is() {
    if !witness::nextest_is_here() {
        return;
    }
    let suite = Suite::build("misbehaving").expect("the suite builds");
    for threads in ["1", "8"] {
        let ended = suite.nextest().args(["--test-threads", threads]).output().expect("cargo starts");
        let printed = String::from_utf8_lossy(&ended.stderr);
        let run = format!("nextest, {threads} threads");
        compare(&run, &of_nextest(&printed), &printed);
        // "Test failures" of nextest; source: nextest-metadata, NextestExitCode.
        assert_eq!(ended.status.code(), Some(100), "{run}");
        assert!(!printed.contains("LEAK"), "{run} sees a leak:\n{printed}");
    }
}

/// The control: for a selection of good tests, the same parser reports only passes.
#[test]
fn a_suite_that_passes_is_reported_as_passed() {
    let suite = Suite::build("misbehaving").expect("the suite builds");
    let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
    let ended = libtest.args(["--exact", "passes", "panics_as_it_should"]).output().expect("it starts");
    let report = of_libtest(&String::from_utf8_lossy(&ended.stdout));
    assert_eq!(report.values().map(|told| told.outcome).collect::<Vec<_>>(), [Passed, Passed]);
    assert!(ended.status.success());
}
