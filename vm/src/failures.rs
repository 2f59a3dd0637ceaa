//! Finds the tests that failed, with their messages, in the output of libtest and nextest.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// A message is cut after this number of characters.
const LONGEST: usize = 240;

/// The names of failed tests, with the place and the first line of each one's panic where the output has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    tests: BTreeMap<String, Option<String>>,
    /// The test that panicked, and the place: its message is the next line.
    panicked: Option<(String, String)>,
}

impl Failures {
    /// Records a failure, or a part of one, from one line of output.
    pub fn note_line(&mut self, line: &str) {
        let line = anstream::adapter::strip_str(line).to_string();
        if let Some((test, place)) = self.panicked.take() {
            let message: String = format!("{place} {}", line.trim()).chars().take(LONGEST).collect();
            self.tests.insert(test, Some(message));
        } else if let Some(test) = failed_test(&line) {
            self.tests.entry(test.to_owned()).or_default();
        } else if let Some((test, place)) = panic(&line)
            && self.tests.get(test).is_some_and(Option::is_none)
        {
            self.panicked = Some((test.to_owned(), place.to_owned()));
        }
    }

    /// Returns whether no test failed.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Returns one line for each test, in the order of names.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.tests.iter().map(|(test, message)| match message {
            Some(message) => format!("{test}: {message}"),
            None => test.clone(),
        })
    }

    /// Adds the failures of another output.
    pub fn add(&mut self, more: Self) {
        self.tests.extend(more.tests);
    }
}

/// ` (a: src/lib.rs:1:1: message; b)`, or nothing.
impl Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.lines().collect::<Vec<_>>().join("; "))
    }
}

/// `test NAME ... FAILED` of libtest, `FAIL [   0.005s] (1/9) PACKAGE::TARGET NAME` of nextest.
fn failed_test(line: &str) -> Option<&str> {
    if let Some(test) = line.strip_prefix("test ") {
        return Some(test.split_once(" ... FAILED")?.0.trim_end_matches(" - should panic"));
    }
    let words = line.trim_start();
    if ["FAIL [", "TIMEOUT [", "SIGABRT ["].iter().any(|status| words.starts_with(status)) {
        return words.rsplit_once(' ').map(|(_, test)| test);
    }
    None
}

/// `thread 'NAME' (5) panicked at FILE:LINE:COLUMN:`.
fn panic(line: &str) -> Option<(&str, &str)> {
    let (thread, place) = line.trim_start().strip_prefix("thread '")?.split_once(" panicked at ")?;
    Some((thread.split_once('\'')?.0, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(output: &[&str]) -> Vec<String> {
        let mut failures = Failures::default();
        for line in output {
            failures.note_line(line);
        }
        failures.lines().collect()
    }

    #[test]
    fn the_name_the_place_and_the_message_are_found_in_both_formats() {
        let libtest = [
            "test net::answers ... ok",
            "test net::slow ... FAILED",
            "test b ... FAILED",
            "---- net::slow stdout ----",
            "thread 'net::slow' (17) panicked at src/net.rs:3:5:",
            "assertion failed: false",
            "thread 'of another' panicked at src/net.rs:9:5:",
            "in a program that the test started",
        ];
        assert_eq!(of(&libtest), ["b", "net::slow: src/net.rs:3:5: assertion failed: false"]);
        let nextest = [
            "\u{1b}[31m        FAIL\u{1b}[0m [   0.005s] (1/2) netns-tests::hosts net::slow",
            "    thread 'net::slow' (2) panicked at src/net.rs:3:5:",
            "    no answer",
            "        PASS [   0.005s] (2/2) netns-tests::hosts net::fast",
            "        FAIL [   0.005s] (1/2) netns-tests::hosts net::slow",
        ];
        assert_eq!(of(&nextest), ["net::slow: src/net.rs:3:5: no answer"]);
    }

    #[test]
    fn output_that_a_failed_test_shows_is_no_failure() {
        assert!(of(&["  test inner ... FAILED", "thread 'inner' panicked at a.rs:1:1:", "no"]).is_empty());
    }
}
