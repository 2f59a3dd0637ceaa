//! How many tests ran: the summary lines of libtest and nextest, and the record of tests that were skipped at run time.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::ops::AddAssign;
use std::path::Path;

use anyhow::Context;
use tempfile::NamedTempFile;

/// The variable that names the record; source: README.md, "Variables".
pub(crate) const SKIP_RECORD: &str = "NETNS_TEST_SKIP_RECORD";

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those that did what they should.
    pub(crate) passed: u64,
    /// Those that did not.
    pub(crate) failed: u64,
    /// Those that did not run: ignored, or their requirements were not met.
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
}

impl Counts {
    /// What one line of output says, if it is a summary of libtest or of nextest.
    ///
    /// Ignored tests count as skipped. nextest's `skipped` has those that a filter left out as well; none are here.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let line = anstream::adapter::strip_str(line).to_string();
        // nextest shows the output of a failed test, which is libtest's too, with an indentation: that test is in its summary.
        let numbers = if let Some(libtest) = line.strip_prefix("test result: ") {
            libtest.split_once(". ")?.1
        } else if let Some(nextest) = line.trim_start().strip_prefix("Summary [") {
            nextest.split_once(" run: ")?.1
        } else {
            return None;
        };
        let mut counts = Self::default();
        for part in numbers.split([';', ',']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next().and_then(|word| word.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match what {
                "passed" => counts.passed += number,
                "failed" | "timed" | "exec" => counts.failed += number,
                "ignored" | "skipped" => counts.skipped += number,
                _ => {}
            }
        }
        Some(counts)
    }

    /// libtest and nextest know no skip at run time, and have counted these as passed.
    pub(crate) fn with_skips_at_run_time(self, skipped: u64) -> Self {
        Self { passed: self.passed.saturating_sub(skipped), failed: self.failed, skipped: self.skipped + skipped }
    }
}

/// The record of tests that were skipped at run time, of all steps together.
pub(super) struct Skipped {
    record: NamedTempFile,
}

impl Skipped {
    /// An empty record.
    pub(super) fn new() -> anyhow::Result<Self> {
        let record = NamedTempFile::with_prefix("netns-ci-skipped-").context("failed to make the record of skips")?;
        Ok(Self { record })
    }

    /// Where tests write to.
    pub(super) fn path(&self) -> &Path {
        self.record.path()
    }

    /// Takes over what a record of somebody else has, if there is one.
    pub(super) fn add(&self, other: &Path) -> anyhow::Result<u64> {
        let text = match fs::read_to_string(other) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            text => text.with_context(|| format!("failed to read {}", other.display()))?,
        };
        let mut record =
            fs::File::options().append(true).open(self.path()).context("failed to open the record of skips")?;
        record.write_all(text.as_bytes()).context("failed to add to the record of skips")?;
        Ok(text.lines().count() as u64)
    }

    /// How many lines there are: one for each time that a test was skipped.
    pub(super) fn count(&self) -> anyhow::Result<u64> {
        Ok(self.text()?.lines().count() as u64)
    }

    /// Each test once for each reason, in order.
    pub(super) fn all(&self) -> anyhow::Result<BTreeSet<(String, String)>> {
        let pair = |line: &str| line.split_once('\t').map(|(test, reason)| (test.to_owned(), reason.to_owned()));
        Ok(self.text()?.lines().filter_map(pair).collect())
    }

    fn text(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.path()).context("failed to read the record of skips")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_lines_are_counted_and_others_are_not() {
        let libtest =
            "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s";
        assert_eq!(Counts::of_line(libtest), Some(Counts { passed: 12, failed: 2, skipped: 1 }));
        let nextest = "     Summary [   1.234s] 20 tests run: 17 passed (2 slow), 2 failed, 1 timed out, 4 skipped";
        assert_eq!(Counts::of_line(nextest), Some(Counts { passed: 17, failed: 3, skipped: 4 }));
        let coloured = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.010s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(Counts::of_line(coloured), Some(Counts { passed: 1, failed: 0, skipped: 0 }));
        assert_eq!(Counts::of_line("test tests::answers ... ok"), None);
        assert_eq!(Counts::of_line("running 3 tests"), None);
        assert_eq!(Counts::of_line("    test result: FAILED. 0 passed; 1 failed; 0 ignored"), None);
        assert_eq!(Counts::of_line("he said: test result: ok. 1 passed"), None);
    }

    #[test]
    fn a_skip_at_run_time_is_no_pass() {
        let counts = Counts { passed: 5, failed: 1, skipped: 1 }.with_skips_at_run_time(2);
        assert_eq!(counts, Counts { passed: 3, failed: 1, skipped: 3 });
    }

    #[test]
    fn the_record_has_each_reason_once() {
        let skipped = Skipped::new().unwrap();
        fs::write(skipped.path(), "a\trequires vlan\nb\trequires netem\na\trequires vlan\n").unwrap();
        assert_eq!(skipped.count().unwrap(), 3);
        let expected = [("a", "requires vlan"), ("b", "requires netem")];
        assert_eq!(skipped.all().unwrap(), expected.map(|(test, why)| (test.to_owned(), why.to_owned())).into());
    }
}
