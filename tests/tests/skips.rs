//! Skips are visible: on the real standard error, in the record, and as failures if they are not allowed.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Output;

use netns_fixtures::prelude::*;
use netns_fixtures::requirements;
use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User};

/// Each test of the suite with its requirements.
const REQUIRES: &[(&str, &[&str])] = &[
    ("dummy::is_met", &["dummy"]),
    ("met_everywhere", &["veth"]),
    ("netem::is_met", &["netem"]),
    ("several", &["veth", "sctp", "vlan"]),
    ("should_panic_where_it_is_met", &["dummy"]),
    ("tun::is_met", &["tun"]),
    ("vlan::is_met", &["vlan"]),
];

/// Returns a requirement that this kernel does not meet; a test in its own namespaces checks it.
fn unmet(required: &[&str]) -> Option<&'static str> {
    let unmet = |name: &&str| requirements::check(name).expect("it is a requirement, and isolation works").is_some();
    let name = required.iter().copied().find(unmet)?;
    requirements::all().iter().map(|requirement| requirement.name).find(|known| *known == name)
}

fn run(suite: &Suite, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
    libtest.envs(variables.iter().copied()).args(arguments).output().expect("it starts")
}

#[netns_test(deadline = "5m")]
fn exactly_what_is_not_met_is_skipped_and_says_so() -> TestResult {
    let suite = Suite::build("requiring")?;
    let folder = tempfile::tempdir()?;
    let record = folder.path().join("record");
    let ended = run(&suite, &[("NETNS_TEST_SKIP_RECORD", record.to_str().ok_or("no text")?)], &["--show-output"]);
    let printed = String::from_utf8(ended.stdout)?;
    assert!(ended.status.success(), "{printed}");
    let report = of_libtest(&printed);
    let errors = String::from_utf8(ended.stderr)?;
    // Without a skip there is no record, and the counts below are zero.
    let record = fs::read_to_string(&record).unwrap_or_default();

    let mut skipped = BTreeSet::new();
    for (test, required) in REQUIRES {
        // libtest does not know skips: it counts the test as passed, and only the line reports the skip.
        assert_eq!(report[*test].outcome, Outcome::Passed, "{test}");
        match unmet(required) {
            Some(requirement) => {
                skipped.insert(*test);
                let line = format!("skipped: {test}: requires {requirement}: ");
                assert!(errors.lines().any(|printed| printed.starts_with(&line)), "{line:?} is not in:\n{errors}");
                let noted = format!("{test}\trequires {requirement}: ");
                assert!(record.lines().any(|printed| printed.starts_with(&noted)), "{noted:?} is not in:\n{record}");
                assert!(!report[*test].text.contains("ran: "), "{test} was skipped and ran");
            }
            None if *test != "should_panic_where_it_is_met" => {
                assert!(report[*test].text.contains("ran: "), "{test} neither ran nor was skipped");
            }
            None => {}
        }
    }
    assert_eq!(errors.lines().count(), skipped.len(), "one line each, and nothing else:\n{errors}");
    assert_eq!(record.lines().count(), skipped.len(), "one line each, and nothing else:\n{record}");
    println!("skipped here: {skipped:?}");
    Ok(())
}

#[netns_test(deadline = "5m")]
fn skips_are_failures_where_they_are_not_allowed() -> TestResult {
    let suite = Suite::build("requiring")?;
    let ended = run(&suite, &[("NETNS_TEST_SKIPS", "fail")], &[]);
    let report = of_libtest(&String::from_utf8(ended.stdout)?);
    for (test, required) in REQUIRES {
        let Some(requirement) = unmet(required) else {
            assert_eq!(report[*test].outcome, Outcome::Passed, "{test}");
            continue;
        };
        assert_eq!(report[*test].outcome, Outcome::Failed, "{test}");
        let text = &report[*test].text;
        assert!(text.contains(&format!("it requires {requirement}, and ")), "{text}");
        assert!(text.contains("help: ") && text.contains("NETNS_TEST_SKIPS=allow would skip it"), "{text}");
    }
    Ok(())
}

#[netns_test(deadline = "5m")]
fn a_skip_that_cannot_be_recorded_is_a_failure() -> TestResult {
    let suite = Suite::build("requiring")?;
    let ended = run(&suite, &[("NETNS_TEST_SKIP_RECORD", "/proc/no/such/folder/record")], &[]);
    let report = of_libtest(&String::from_utf8(ended.stdout)?);
    for (test, required) in REQUIRES {
        let should_be = if unmet(required).is_some() { Outcome::Failed } else { Outcome::Passed };
        assert_eq!(report[*test].outcome, should_be, "{test}: {}", report[*test].text);
    }
    Ok(())
}

#[test]
fn a_variable_out_of_its_range_fails_every_test_with_variable_value_and_range() {
    let suite = Suite::build("mixed").expect("the suite builds");
    let cases: &[(&str, &str, &[&str])] = &[
        ("NETNS_TEST_DEADLINE", "0s", &["NETNS_TEST_DEADLINE", "0s", "1ms to 1h"]),
        ("NETNS_TEST_DEADLINE", "tomorrow", &["NETNS_TEST_DEADLINE", "tomorrow", "1ms to 1h"]),
        ("NETNS_TEST_SKIPS", "maybe", &["NETNS_TEST_SKIPS", "maybe", "allow", "fail"]),
        ("NETNS_TEST_SKIP_RECORD", "relative/path", &["NETNS_TEST_SKIP_RECORD", "relative/path", "absolute"]),
        ("NETNS_TEST_IN_PROCESS", "perhaps", &["NETNS_TEST_IN_PROCESS", "perhaps", "true"]),
        ("NETNS_TEST_PAUSE", "always", &["NETNS_TEST_PAUSE", "always", "never", "failure"]),
        ("NETNS_TEST_PAUSE_DEADLINE", "2d", &["NETNS_TEST_PAUSE_DEADLINE", "2d", "1s to 1d"]),
        ("NETNS_TEST_DEADLIN", "5s", &["NETNS_TEST_DEADLIN", "NETNS_TEST_DEADLINE"]),
    ];
    for (variable, value, texts) in cases {
        let ended = run(&suite, &[(variable, value)], &["--exact", "passes"]);
        let report = of_libtest(&String::from_utf8_lossy(&ended.stdout));
        assert_eq!(report["passes"].outcome, Outcome::Failed, "{variable}={value}");
        for text in *texts {
            assert!(report["passes"].text.contains(text), "{variable}={value}: {text:?} in {}", report["passes"].text);
        }
    }
    // A variable whose name is not text is not one of ours.
    let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
    libtest.args(["--exact", "passes"]).env(OsStr::from_bytes(b"NETNS_TEST_SKIPS\xFF"), "fail");
    let printed = String::from_utf8_lossy(&libtest.output().expect("it starts").stdout).into_owned();
    assert!(printed.contains("there is no variable NETNS_TEST_SKIPS\u{FFFD}"), "{printed}");
    // The control: with a valid value of each, the test passes.
    let good = [("NETNS_TEST_DEADLINE", "5s"), ("NETNS_TEST_SKIPS", "fail"), ("NETNS_TEST_PAUSE", "never")];
    assert!(run(&suite, &good, &["--exact", "passes"]).status.success());
}

#[netns_test(deadline = "5m")]
fn a_record_that_nobody_reads_is_an_error_and_no_wait() -> TestResult {
    // If this kernel meets everything, the record stays empty.
    let Some((test, _)) = REQUIRES.iter().find(|(_, required)| unmet(required).is_some()) else { return Ok(()) };
    let suite = Suite::build("requiring")?;
    let folder = tempfile::tempdir()?;
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU)?;
    let ended = run(&suite, &[("NETNS_TEST_SKIP_RECORD", fifo.to_str().ok_or("no text")?)], &["--exact", test]);
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(printed.contains("that could not be recorded"), "{printed}");
    Ok(())
}
