//! Counts tests by the summary lines of libtest and nextest.

use std::ops::AddAssign;

/// The variable that names the record; source: README.md, "Settings".
pub const SKIP_RECORD: &str = "NETNS_TEST_SKIP_RECORD";

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that did not run: ignored, or with unmet requirements.
    pub skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
}

impl Counts {
    /// Parses one line of output; returns `None` if it is not a summary of libtest or nextest.
    ///
    /// Ignored tests count as skipped. nextest's `skipped` also counts filtered tests.
    pub fn of_line(line: &str) -> Option<Self> {
        let line = anstream::adapter::strip_str(line).to_string();
        // nextest indents the output of a failed test, which includes libtest's summary; nextest's own summary already counts that test.
        let numbers = if let Some(libtest) = line.strip_prefix("test result: ") {
            libtest.split_once(". ")?.1
        } else if let Some(nextest) = line.trim_start().strip_prefix("Summary [") {
            nextest.split_once(" run: ")?.1
        } else {
            return None;
        };
        Some(Self::of_numbers(numbers))
    }

    /// Returns the numbers of a summary by the words behind them, as in `3 passed, 1 failed, 2 skipped`; ignores other words.
    pub fn of_numbers(numbers: &str) -> Self {
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
        counts
    }

    /// Subtracts tests that skipped at run time from the passed ones: libtest and nextest count them as passed.
    #[must_use]
    pub fn with_skips_at_run_time(self, skipped: u64) -> Self {
        Self { passed: self.passed.saturating_sub(skipped), failed: self.failed, skipped: self.skipped + skipped }
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
}
