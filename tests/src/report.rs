//! Parses the output of libtest and nextest for a suite, by test.

use std::collections::BTreeMap;

/// The outcome of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The test passed.
    Passed,
    /// The test failed.
    Failed,
    /// The test did not run.
    Ignored,
}

/// One test of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// The outcome.
    pub outcome: Outcome,
    /// The captured output, and the runner's additions.
    pub text: String,
}

/// Parses libtest's `pretty` format.
///
/// ```
/// use netns_tests::report::{Outcome, of_libtest};
///
/// let report = of_libtest("test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\noh no\n\n\nfailures:\n    b\n");
/// assert_eq!(report["a"].outcome, Outcome::Passed);
/// assert_eq!(report["b"].text.trim(), "oh no");
/// ```
pub fn of_libtest(printed: &str) -> BTreeMap<String, TestReport> {
    let mut report = BTreeMap::new();
    let mut section: Option<&str> = None;
    for line in printed.lines() {
        if let Some((name, outcome)) = libtest_line(line) {
            report.insert(name.to_owned(), TestReport { outcome, text: String::new() });
        } else if let Some(name) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----")) {
            section = Some(name);
        } else if line == "failures:" || line == "successes:" {
            // The list of names ends the sections.
            section = None;
        } else if let Some(reported) = section.and_then(|name| report.get_mut(name)) {
            reported.text.push_str(line);
            reported.text.push('\n');
        }
    }
    report
}

fn libtest_line(line: &str) -> Option<(&str, Outcome)> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let outcome = match outcome {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        _ if outcome.starts_with("ignored") => Outcome::Ignored,
        _ => return None,
    };
    Some((name.trim_end_matches(" - should panic"), outcome))
}

/// Parses nextest's output with `--status-level all` and immediate output.
///
/// Every status other than a pass (a leak, a time-out, a signal) counts as a failure and appears in the text.
///
/// ```
/// use netns_tests::report::{Outcome, of_nextest};
///
/// let report = of_nextest("        PASS [   0.009s] (1/2) suites::mixed a\n        FAIL [   0.009s] (2/2) suites::mixed b\n  stdout ───\n\n    oh no\n");
/// assert_eq!(report["a"].outcome, Outcome::Passed);
/// assert!(report["b"].text.contains("oh no"));
/// ```
pub fn of_nextest(printed: &str) -> BTreeMap<String, TestReport> {
    let mut report: BTreeMap<String, TestReport> = BTreeMap::new();
    let mut section: Option<String> = None;
    for line in printed.lines() {
        if let Some((name, outcome)) = nextest_line(line) {
            let reported = TestReport { outcome, text: format!("{line}\n") };
            report.insert(name.to_owned(), reported);
            section = Some(name.to_owned());
        } else if line.starts_with('─') {
            section = None;
        } else if let Some(reported) = section.as_ref().and_then(|name| report.get_mut(name)) {
            reported.text.push_str(line);
            reported.text.push('\n');
        }
    }
    report
}

/// `     STATUS [   0.012s] (3/26) package::binary name`
fn nextest_line(line: &str) -> Option<(&str, Outcome)> {
    let (status, rest) = line.strip_prefix("   ")?.split_once(" [")?;
    let (_time, rest) = rest.split_once(']')?;
    let name = rest.split_whitespace().next_back()?;
    let outcome = match status.trim() {
        "PASS" => Outcome::Passed,
        "SKIP" => Outcome::Ignored,
        // A notice about a test that is still running.
        "SLOW" => return None,
        // All statuses are in capitals; cargo's own lines and the summary are not.
        other if other.chars().any(char::is_lowercase) => return None,
        _ => Outcome::Failed,
    };
    Some((name, outcome))
}
