//! `#[netns_test]` on every form of test function.
//!
//! Each form that returns has a twin that panics, or a check in libtest's list, to detect a body that never ran. The lints on top are those
//! of a strict crate: the attribute's expansion must pass them too.

#![forbid(unsafe_code, missing_docs, unused_qualifications, unused_results, unused_lifetimes, single_use_lifetimes)]
#![deny(warnings, clippy::all, clippy::pedantic)]

use std::process::{Command, ExitCode, Termination};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use netns_fixtures::prelude::*;
use tokio::runtime::{Handle, RuntimeFlavor};

/// Passes only in a process that the attribute started: the body is the child of the namespace's first process.
fn assert_isolated() {
    assert_eq!((std::process::id(), std::os::unix::process::parent_id()), (2, 1));
}

#[test]
#[should_panic(expected = "assertion")]
fn a_test_without_the_attribute_is_not_isolated() {
    assert_isolated();
}

#[netns_test]
fn plain() {
    assert_isolated();
}

#[netns_test]
#[should_panic(expected = "the plain body runs")]
fn plain_twin() {
    panic!("the plain body runs");
}

#[netns_test]
async fn asynchronous() {
    assert_isolated();
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
    let spawned = tokio::spawn(async { std::thread::current().id() }).await;
    assert_eq!(spawned.ok(), Some(std::thread::current().id()), "one thread runs everything");
}

#[netns_test(flavor = "current_thread")]
async fn asynchronous_as_by_default() {
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
}

#[netns_test]
#[should_panic(expected = "the asynchronous body runs")]
async fn asynchronous_twin() {
    tokio::task::yield_now().await;
    panic!("the asynchronous body runs");
}

#[netns_test(flavor = "multi_thread")]
async fn on_two_threads() {
    assert_isolated();
    assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::MultiThread);
    assert_eq!(Handle::current().metrics().num_workers(), 2);
}

#[netns_test(flavor = "multi_thread", worker_threads = 3)]
async fn on_three_threads() {
    assert_eq!(Handle::current().metrics().num_workers(), 3);
    let spawned = tokio::spawn(async { std::thread::current().id() }).await;
    assert!(spawned.is_ok_and(|worker| worker != std::thread::current().id()), "workers run what is spawned");
}

#[netns_test(flavor = "multi_thread", worker_threads = 1)]
#[should_panic(expected = "the body on threads runs")]
async fn on_threads_twin() {
    panic!("the body on threads runs");
}

#[netns_test]
async fn timers_and_sockets_work() -> TestResult {
    let waited = tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await;
    assert!(waited.is_err());
    drop(tokio::net::UdpSocket::bind("127.0.0.1:53").await?);
    Ok(())
}

#[netns_test]
fn a_result() -> Result<(), std::num::ParseIntError> {
    let _: u8 = "7".parse()?;
    Ok(())
}

#[netns_test]
async fn an_early_return() -> TestResult {
    if Handle::try_current().is_ok() {
        return Ok(());
    }
    panic!("an asynchronous body is inside its runtime")
}

#[netns_test]
fn an_exit_code() -> ExitCode {
    if Handle::try_current().is_err() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[netns_test]
fn something_that_terminates() -> impl Termination {
    ExitCode::SUCCESS
}

#[netns_test]
#[should_panic(expected = "never")]
fn what_does_not_return() -> ! {
    panic!("never")
}

#[netns_test]
#[should_panic(expected = "never")]
async fn what_does_not_return_asynchronously() -> ! {
    panic!("never")
}

#[netns_test]
#[should_panic = "an older form"]
fn a_panic_in_an_older_form() {
    panic!("an older form");
}

#[netns_test]
#[cfg_attr(all(), should_panic(expected = "under a condition"))]
#[cfg_attr(any(), ignore = "the condition does not hold")]
fn a_panic_under_a_condition() {
    panic!("under a condition");
}

/// Documentation and lint attributes pass through; this lint attribute applies to the body.
#[netns_test]
#[expect(unused_variables, reason = "the body proves that it applies")]
fn attributes() {
    let unused = 7;
}

#[netns_test]
fn r#match() {
    assert_isolated();
}

#[netns_test]
fn a_body_can_call_itself() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    if CALLS.fetch_add(1, Ordering::Relaxed) < 3 {
        let passed: ExitCode = a_body_can_call_itself();
        assert_eq!(passed, ExitCode::SUCCESS);
    }
    assert_eq!(CALLS.load(Ordering::Relaxed), 4, "in this process, not in tests of their own");
}

/// Nested modules in which names of the expansion have another meaning.
mod nested {
    pub(super) mod deeper {
        #![expect(dead_code, reason = "the names are all that matters")]

        use ::netns_fixtures::netns_test;

        mod core {}
        mod std {}
        mod netns_fixtures {}
        mod test {}
        struct Result;
        struct Option;
        struct Declaration;
        fn run() {}
        fn context() {}

        #[netns_test]
        pub(crate) fn a_test() {
            super::super::assert_isolated();
        }
    }
}

/// A test in a body of a macro, with an argument of the macro.
macro_rules! case {
    ($name:ident, $deadline:literal, $panic:expr) => {
        #[netns_test(deadline = $deadline)]
        #[should_panic(expected = $panic)]
        fn $name() {
            panic!("in a macro");
        }
    };
}
case!(from_a_macro, "5s", "in a macro");

#[netns_test]
#[cfg(any())]
fn is_not_compiled() -> NoSuchType {}

#[netns_test]
#[ignore = "asked of libtest by `libtest_is_told_what_is_ignored`"]
fn ignored() {
    panic!("nobody asked for this");
}

#[test]
fn libtest_is_told_what_is_ignored() {
    let list = |arguments: &[&str]| {
        let output = Command::new("/proc/self/exe").args(arguments).output().expect("libtest starts");
        String::from_utf8(output.stdout).expect("libtest prints text")
    };
    let all = list(&["--list"]);
    for name in ["plain", "asynchronous", "nested::deeper::a_test", "from_a_macro", "r#match", "ignored"] {
        assert!(all.lines().any(|line| line == format!("{name}: test")), "{name} in {all}");
    }
    assert!(!all.contains("is_not_compiled"), "{all}");
    assert_eq!(list(&["--list", "--ignored"]).lines().next(), Some("ignored: test"));
    // It runs, and fails, if it is selected.
    let run = list(&["--ignored", "--exact", "ignored"]);
    assert!(run.contains("ignored ... FAILED") && run.contains("nobody asked for this"), "{run}");
}

/// test-case and similar crates generate this shape for a case: `#[test]` expands before our attribute.
#[test]
#[netns_test]
#[ignore = "is two tests; run by `a_test_that_libtest_has_twice_runs_once`"]
fn with_test_above() {
    println!("it runs");
}

#[test]
#[netns_test]
#[ignore = "is two tests; run by `a_test_that_libtest_has_twice_runs_once`"]
fn with_test_above_and_a_failure() {
    panic!("on purpose");
}

#[test]
fn a_test_that_libtest_has_twice_runs_once() {
    for threads in ["1", "2"] {
        let run = |test| {
            let arguments = ["--ignored", "--exact", test, "--show-output", "--test-threads", threads];
            let output = Command::new("/proc/self/exe").args(arguments).output().expect("libtest starts");
            String::from_utf8(output.stdout).expect("libtest prints text")
        };
        let printed = run("with_test_above");
        assert!(printed.contains("2 passed") && printed.matches("it runs").count() == 1, "{printed}");
        // The control: the second test reports the verdict of the first, pass or failure.
        let printed = run("with_test_above_and_a_failure");
        assert!(printed.contains("2 failed") && printed.matches("panicked at").count() == 1, "{printed}");
    }
}

#[netns_test]
fn called_by_others() {}

#[test]
fn a_loop_around_a_test_is_no_mistake() {
    called_by_others();
    called_by_others();
}

#[netns_test]
fn a_body_has_attributes() {
    #![allow(unused_variables, reason = "the attribute that is tested")]
    let unused = 1;
}

#[netns_test]
async fn an_asynchronous_body_has_attributes(_net: Namespace) -> TestResult {
    #![allow(unused_variables, reason = "the attribute that is tested")]
    let unused = 1;
    Ok(())
}
