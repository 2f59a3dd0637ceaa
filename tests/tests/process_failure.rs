//! What children wrote is in the report of a test that failed, however it failed.

use std::process::Command;
use std::sync::LazyLock;

use netns_fixtures::prelude::*;

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

/// Has one child that runs and one that has ended, each with something to say.
fn two_children(own: &Namespace) -> TestResult<netns_fixtures::process::Child> {
    own.command("echo").arg("said before the end").output()?;
    let mut running = own.command(*SUBJECT).arg("chatter").spawn()?;
    running.expect("the daemon speaks")?;
    Ok(running)
}

#[netns_test]
#[ignore = "fails; run by `the_output_of_children_is_in_the_report`"]
fn panics(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    panic!("at noon");
}

#[netns_test]
#[ignore = "fails; run by `the_output_of_children_is_in_the_report`"]
fn returns_an_error(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    Err("at noon".into())
}

#[netns_test(deadline = "2s")]
#[ignore = "fails; run by `the_output_of_children_is_in_the_report`"]
fn hangs(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    loop {
        std::thread::park();
    }
}

#[netns_test]
#[ignore = "run by `the_output_of_children_of_a_test_that_passes_is_not_printed`"]
fn passes(own: Namespace) -> TestResult {
    let _running = two_children(&own)?;
    Ok(())
}

#[netns_test]
#[should_panic(expected = "at noon")]
#[ignore = "run by `the_output_of_children_of_a_test_that_passes_is_not_printed`"]
fn panics_as_it_should(own: Namespace) {
    let _running = two_children(&own).expect("two children");
    panic!("at noon");
}

#[netns_test]
#[ignore = "fails; run by `a_report_is_bounded`"]
fn has_too_many_children(own: Namespace) -> TestResult {
    for number in 0..100 {
        own.command("seq").option("--separator", format!(" of {number}\n")).args(["1", "1000"]).output()?;
    }
    Err("at noon".into())
}

/// Whether the test passed, and what was printed of it.
fn run(test: &str) -> (bool, String) {
    let mut runner = Command::new("/proc/self/exe");
    let output = runner.args(["--ignored", "--exact", "--nocapture", test]).output().expect("libtest starts");
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn the_output_of_children_is_in_the_report() {
    for test in ["panics", "returns_an_error", "hangs"] {
        let (passed, printed) = run(test);
        assert!(!passed, "{test}: {printed}");
        for part in [
            "output of the test's children:",
            "`/usr/bin/echo said before the end` (pid ",
            "ended with exit status 0",
            "    stdout: said before the end",
            "netns-subject chatter` (pid ",
            "    stdout: the daemon speaks",
        ] {
            assert!(printed.contains(part), "{test}: {part} in {printed}");
        }
    }
}

#[test]
fn the_output_of_children_of_a_test_that_passes_is_not_printed() {
    for test in ["passes", "panics_as_it_should"] {
        let (passed, printed) = run(test);
        assert!(passed, "{test}: {printed}");
        assert!(!printed.contains("the daemon speaks"), "{test}: {printed}");
    }
}

#[test]
fn a_report_is_bounded() {
    let (passed, printed) = run("has_too_many_children");
    assert!(!passed, "{printed}");
    assert!(printed.contains("(68 before these are left out)"), "{printed}");
    assert!(printed.contains("stdout: (960 lines before)\n    stdout: 961 of 99\n"), "{printed}");
    assert!(printed.lines().count() < 32 * 50, "{} lines", printed.lines().count());
}
