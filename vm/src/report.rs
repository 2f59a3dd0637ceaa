//! Summarises a matrix: counts by kernel and user, and skipped tests with their reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anstream::println;
use comfy_table::{CellAlignment, Table, presets};

use crate::{BAD, Counts, NOTABLE};

/// The results of one kernel, or the reasons for missing results.
#[derive(Debug, Default)]
pub struct KernelResults {
    /// The requested version; `release` is the version that the kernel reports.
    pub version: String,
    /// `uname -r`; `None` if the machine did not start.
    pub release: Option<String>,
    /// The time from the kernel's start to its first process.
    pub boot: Option<Duration>,
    /// The time of the whole run.
    pub took: Duration,
    /// The results of tests, by user.
    pub users: BTreeMap<String, UserResults>,
    /// The output of programs that are not tests, by user and target.
    pub printed: BTreeMap<(String, String), Vec<String>>,
    /// The reasons why the run has no result, or a bad one.
    pub failures: Vec<String>,
}

/// The results of one user's tests.
#[derive(Debug, Default)]
pub struct UserResults {
    /// The numbers of tests.
    pub counts: Counts,
    /// Tests that did not run, with the reasons.
    pub skipped: BTreeSet<Skip>,
}

/// A test that did not run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skip {
    /// The name of its binary.
    pub target: String,
    /// Its name.
    pub test: String,
    /// `requires vlan: …`, `ignored: …`.
    pub reason: String,
}

impl KernelResults {
    /// Returns whether the plan was finished and no test failed.
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.counts().failed == 0
    }

    /// Adds the results of another machine with the same kernel. Both may have run something as the same user.
    pub(crate) fn add(&mut self, other: Self) {
        self.release = self.release.take().or(other.release);
        self.boot = self.boot.or(other.boot);
        self.took = self.took.max(other.took);
        for (user, UserResults { counts, skipped }) in other.users {
            let of = self.users.entry(user).or_default();
            of.counts += counts;
            of.skipped.extend(skipped);
        }
        for (program, lines) in other.printed {
            self.printed.entry(program).or_default().extend(lines);
        }
        self.failures.extend(other.failures);
    }

    /// Adds a failure if not even a skipped test was selected.
    pub fn expect_tests(&mut self) {
        let Counts { passed, failed, skipped } = self.counts();
        if self.failures.is_empty() && passed + failed + skipped == 0 {
            self.failures.push("no test ran: the arguments select none".to_owned());
        }
    }

    /// The counts of all users.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.users.values().for_each(|of| counts += of.counts);
        counts
    }
}

/// Prints the skips with their reasons, the failures and, last, the table of counts; returns whether every kernel is good.
pub fn print(results: &[&KernelResults]) -> bool {
    for skip in skips(results) {
        println!("{} {skip}", NOTABLE.paint("skipped"));
    }
    for results in results {
        for failure in &results.failures {
            println!("{} {}: {failure}", BAD.paint("failed"), results.version);
        }
    }
    println!("\n{}", counts_table(results));
    results.iter().all(|results| results.is_good())
}

/// Returns every skipped test with its reason and the runs that skipped it.
fn skips(results: &[&KernelResults]) -> Vec<String> {
    let mut places: BTreeMap<&Skip, Vec<String>> = BTreeMap::new();
    for results in results {
        for (user, of) in &results.users {
            for skip in &of.skipped {
                places.entry(skip).or_default().push(format!("{} as {user}", results.version));
            }
        }
    }
    let shown = |(Skip { target, test, reason }, places): (&Skip, Vec<String>)| {
        format!("{target} {test}: {reason} [{}]", places.join(", "))
    };
    places.into_iter().map(shown).collect()
}

/// One line for each kernel and user.
fn counts_table(results: &[&KernelResults]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["kernel", "user", "result", "passed", "failed", "skipped", "boot s", "total s"]);
    for column in 3..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for results in results {
        let result = if results.is_good() { "ok" } else { "FAILED" };
        let kernel = results.release.as_ref().unwrap_or(&results.version);
        let total = format!("{:.1}", results.took.as_secs_f64());
        let boot = results.boot.map_or("-".to_owned(), |boot| format!("{:.1}", boot.as_secs_f64()));
        if results.users.is_empty() {
            table.add_row([kernel, "-", result, "-", "-", "-", &boot, &total]);
        }
        for (user, UserResults { counts, .. }) in &results.users {
            let [passed, failed, skipped] =
                [counts.passed, counts.failed, counts.skipped].map(|count| count.to_string());
            table.add_row([kernel, user, result, &passed, &failed, &skipped, &boot, &total]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(version: &str, counts: Counts) -> KernelResults {
        let skip = Skip { target: "net".to_owned(), test: "tagged".to_owned(), reason: "requires vlan".to_owned() };
        let of = UserResults { counts, skipped: [skip].into() };
        KernelResults {
            version: version.to_owned(),
            users: [("root".to_owned(), of)].into(),
            ..KernelResults::default()
        }
    }

    const GOOD: Counts = Counts { passed: 3, failed: 0, skipped: 1 };

    #[test]
    fn a_skip_is_one_line_with_all_its_places() {
        let skips = skips(&[&results("5.10", GOOD), &results("6.1", GOOD)]);
        assert_eq!(skips, ["net tagged: requires vlan [5.10 as root, 6.1 as root]"]);
    }

    #[test]
    fn the_results_of_two_machines_add_up() {
        let mut both = results("6.1", GOOD);
        let mut other = results("6.1", Counts { passed: 0, failed: 1, skipped: 0 });
        let program = ("root".to_owned(), "doctor".to_owned());
        both.printed.insert(program.clone(), vec!["here".to_owned()]);
        other.printed.insert(program.clone(), vec!["there".to_owned()]);
        both.add(other);
        assert_eq!(both.counts(), Counts { passed: 3, failed: 1, skipped: 1 });
        assert_eq!(both.printed[&program], ["here", "there"]);
    }

    #[test]
    fn a_kernel_is_good_only_if_tests_ran_and_none_failed() {
        assert!(results("6.1", GOOD).is_good());
        assert!(!results("6.1", Counts { failed: 1, ..GOOD }).is_good());
        let mut empty = results("6.1", Counts::default());
        empty.expect_tests();
        assert_eq!(empty.failures, ["no test ran: the arguments select none"]);
        let mut skipped = results("6.1", Counts { passed: 0, ..GOOD });
        skipped.expect_tests();
        assert!(skipped.is_good());
        let mut stopped = results("6.1", GOOD);
        stopped.failures.push("the kernel panicked".to_owned());
        assert!(!stopped.is_good());
        assert!(counts_table(&[&stopped]).to_string().contains("FAILED"));
    }
}
