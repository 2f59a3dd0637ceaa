//! What libtest and nextest printed of a suite, by test.

use std::collections::BTreeMap;

/// How a test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It did not run.
    Ignored,
}

/// One test of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// How it went.
    pub outcome: Outcome,
    /// Its captured output, and what the runner added.
    pub text: String,
}

/// Reads what libtest printed in its `pretty` format.
///
/// ```
/// use netns_tests::report::{Outcome, of_libtest};
///
/// let report = of_libtest("test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\noh no\n\n\nfailures:\n    b\n");
/// assert_eq!(report["a"].outcome, Outcome::Passed);
/// assert_eq!(report["b"].text.trim(), "oh no");
/// ```
pub fn of_libtest(printed: &str) -> BTreeMap<String, Told> {
    let mut report = BTreeMap::new();
    let mut section: Option<&str> = None;
    for line in printed.lines() {
        if let Some((name, outcome)) = libtest_line(line) {
            report.insert(name.to_owned(), Told { outcome, text: String::new() });
        } else if let Some(name) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----")) {
            section = Some(name);
        } else if line == "failures:" || line == "successes:" {
            // The sections are over where the names are listed.
            section = None;
        } else if let Some(told) = section.and_then(|name| report.get_mut(name)) {
            told.text.push_str(line);
            told.text.push('\n');
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

/// Reads what nextest printed with `--status-level all` and immediate output.
///
/// A status that is neither a pass nor a failure (a leak, a time-out, a signal) counts as a failure and is in the text.
///
/// ```
/// use netns_tests::report::{Outcome, of_nextest};
///
/// let report = of_nextest("        PASS [   0.009s] (1/2) suites::mixed a\n        FAIL [   0.009s] (2/2) suites::mixed b\n  stdout ───\n\n    oh no\n");
/// assert_eq!(report["a"].outcome, Outcome::Passed);
/// assert!(report["b"].text.contains("oh no"));
/// ```
pub fn of_nextest(printed: &str) -> BTreeMap<String, Told> {
    let mut report: BTreeMap<String, Told> = BTreeMap::new();
    let mut section: Option<String> = None;
    for line in printed.lines() {
        if let Some((name, outcome)) = nextest_line(line) {
            let told = Told { outcome, text: format!("{line}\n") };
            report.insert(name.to_owned(), told);
            section = Some(name.to_owned());
        } else if line.starts_with('─') {
            section = None;
        } else if let Some(told) = section.as_ref().and_then(|name| report.get_mut(name)) {
            told.text.push_str(line);
            told.text.push('\n');
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
