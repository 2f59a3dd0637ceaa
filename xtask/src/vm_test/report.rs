//! What a matrix comes to: counts by kernel and user, what was skipped, and which requirements no kernel of it meets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

use super::message::Met;
use crate::ci::Counts;

/// All that one machine said, or why it did not say it.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The kernel, as asked for and as it says itself.
    pub(super) version: String,
    pub(super) release: Option<String>,
    /// From the kernel's start to its first process.
    pub(super) boot: Option<Duration>,
    pub(super) took: Duration,
    pub(super) users: BTreeMap<String, OfUser>,
    /// Each machine that refuses, by the words for it, with what was said there.
    pub(super) refusals: BTreeMap<String, Met>,
    /// Tests and refusals were chosen by their names, so that there may be none for one of the users.
    pub(super) is_selection: bool,
    /// Why the run has no result, or a bad one.
    pub(super) failures: Vec<String>,
}

/// What one user's tests came to.
#[derive(Debug, Default)]
pub(super) struct OfUser {
    pub(super) counts: Counts,
    /// Tests that were skipped at run time, with the reason.
    pub(super) skipped: BTreeSet<(String, String)>,
    /// Whether each requirement of the fixtures is met; empty when nobody asked.
    pub(super) requirements: BTreeMap<String, bool>,
}

impl OfUser {
    /// Takes the answer of `doctor --json`.
    pub(super) fn note_doctor(&mut self, answer: &str) -> anyhow::Result<()> {
        let answer: Value = serde_json::from_str(answer).context("the doctor's answer is no JSON")?;
        anyhow::ensure!(
            answer["isolation"]["works"] == true,
            "tests cannot be isolated: {}",
            answer["isolation"]["report"]
        );
        for requirement in answer["requirements"].as_array().context("the doctor names no requirements")? {
            let name = requirement["name"].as_str().context("a requirement has no name")?;
            self.requirements.insert(name.to_owned(), requirement["met"] == true);
        }
        Ok(())
    }
}

impl Told {
    pub(super) fn is_good(&self) -> bool {
        let tested = |of: &OfUser| of.counts.failed == 0 && (of.counts.passed > 0 || self.is_selection);
        let asked = self.users.len() == 2 && self.users.values().all(tested) && self.counts().passed > 0;
        asked && self.failures.is_empty() && self.wrong_refusals().next().is_none()
    }

    /// Those at which something else was said or done.
    pub(super) fn wrong_refusals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.refusals.iter().filter_map(|(name, met)| match met {
            Met::Otherwise(how) => Some((&name[..], &how[..])),
            Met::AsDocumented | Met::NotHere(_) => None,
        })
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.users.values().for_each(|of| counts += of.counts);
        for met in self.refusals.values() {
            let one = Counts::default();
            counts += match met {
                Met::AsDocumented => Counts { passed: 1, ..one },
                Met::NotHere(_) => Counts { skipped: 1, ..one },
                Met::Otherwise(_) => Counts { failed: 1, ..one },
            };
        }
        counts
    }
}

/// Requirements that are met for nobody on any kernel: what they guard is tested nowhere.
pub(super) fn met_nowhere(told: &[Told]) -> BTreeSet<&str> {
    let answers = || told.iter().flat_map(|told| told.users.values()).flat_map(|of| &of.requirements);
    let met: BTreeSet<&str> = answers().filter(|(_, met)| **met).map(|(name, _)| &name[..]).collect();
    answers().map(|(name, _)| &name[..]).filter(|name| !met.contains(name)).collect()
}

/// Refusals that no kernel is able to: what is said there is tested nowhere. A kernel that was not asked, because its machine stopped
/// before that, might have been.
pub(super) fn refused_nowhere(told: &[Told]) -> BTreeSet<&str> {
    let cannot = |told: &Told, name: &String| matches!(told.refusals.get(name), Some(Met::NotHere(_)));
    let names = told.iter().flat_map(|told| told.refusals.keys());
    names.filter(|&name| told.iter().all(|told| cannot(told, name))).map(|name| &name[..]).collect()
}

/// Tests with a `requires(…)` that were skipped in every run of the matrix, with one of the reasons.
///
/// A program that this machine has not is no requirement of a kernel.
pub(super) fn skipped_everywhere(told: &[Told]) -> BTreeMap<&str, &str> {
    let mut runs = told.iter().flat_map(|told| told.users.values());
    let by_kernel = |of: &'_ OfUser| -> BTreeSet<String> {
        let skips = of
            .skipped
            .iter()
            .filter(|(_, reason)| reason.starts_with("requires ") && !reason.starts_with("requires the program "));
        skips.map(|(test, _)| test.clone()).collect()
    };
    let Some(first) = runs.next() else { return BTreeMap::new() };
    let everywhere = runs.fold(by_kernel(first), |common, of| common.intersection(&by_kernel(of)).cloned().collect());
    first
        .skipped
        .iter()
        .filter(|(test, _)| everywhere.contains(test))
        .map(|(test, why)| (&test[..], &why[..]))
        .collect()
}

/// Each test that was skipped somewhere, with where, and the reasons.
pub(super) fn skips(told: &[Told]) -> Vec<String> {
    let mut places: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for told in told {
        for (user, of) in &told.users {
            for (test, reason) in &of.skipped {
                places.entry((test, reason)).or_default().push(format!("{} as {user}", told.version));
            }
        }
    }
    places.into_iter().map(|((test, reason), places)| format!("{test}: {reason} [{}]", places.join(", "))).collect()
}

/// One line for each kernel and user.
pub(super) fn counts_table(told: &[Told]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["kernel", "user", "result", "passed", "failed", "skipped", "boot s", "total s"]);
    for column in 3..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for told in told {
        let result = if told.is_good() { "ok" } else { "FAILED" };
        let kernel = told.release.as_ref().unwrap_or(&told.version);
        let total = format!("{:.1}", told.took.as_secs_f64());
        let boot = told.boot.map_or("-".to_owned(), |boot| format!("{:.1}", boot.as_secs_f64()));
        if told.users.is_empty() {
            table.add_row([kernel, "-", result, "-", "-", "-", &boot, &total]);
        }
        for (user, OfUser { counts, .. }) in &told.users {
            let [passed, failed, skipped] =
                [counts.passed, counts.failed, counts.skipped].map(|count| count.to_string());
            table.add_row([kernel, user, result, &passed, &failed, &skipped, &boot, &total]);
        }
    }
    table
}

/// One line for each requirement, one column for each kernel: for whom it is met.
pub(super) fn requirements_table(told: &[Told]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["requirement"].into_iter().chain(told.iter().map(|told| &told.version[..])));
    let names: BTreeSet<&String> =
        told.iter().flat_map(|told| told.users.values()).flat_map(|of| of.requirements.keys()).collect();
    for name in names {
        let cell = |told: &Told| {
            let met: Vec<&str> = told
                .users
                .iter()
                .filter(|(_, of)| of.requirements.get(name) == Some(&true))
                .map(|(user, _)| &user[..])
                .collect();
            match met.len() {
                0 => "-".to_owned(),
                2 => "yes".to_owned(),
                _ => met.join(", "),
            }
        };
        table.add_row([name.clone()].into_iter().chain(told.iter().map(cell)));
    }
    table
}

/// One line for each refusal, one column for each kernel; nothing where none was made.
pub(super) fn refusals_table(told: &[Told]) -> Option<Table> {
    let names: BTreeSet<&String> = told.iter().flat_map(|told| told.refusals.keys()).collect();
    if names.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["refusal".to_owned()].into_iter().chain(told.iter().map(|told| told.version.clone())));
    for name in names {
        let cell = |told: &Told| match told.refusals.get(name) {
            Some(Met::AsDocumented) => "as documented",
            Some(Met::NotHere(_)) => "not on this kernel",
            Some(Met::Otherwise(_)) => "OTHERWISE",
            None => "not asked",
        };
        table.add_row([name.clone()].into_iter().chain(told.iter().map(|told| cell(told).to_owned())));
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(version: &str, skipped: &[(&str, &str)], vlan: bool) -> Told {
        let of = OfUser {
            counts: Counts { passed: 3, failed: 0, skipped: skipped.len() as u64 },
            skipped: skipped.iter().map(|(test, why)| ((*test).to_owned(), (*why).to_owned())).collect(),
            requirements: [("vlan".to_owned(), vlan), ("xdp".to_owned(), false)].into(),
        };
        let other = OfUser { counts: of.counts, skipped: of.skipped.clone(), requirements: BTreeMap::new() };
        Told {
            version: version.to_owned(),
            users: [("root".to_owned(), of), ("user".to_owned(), other)].into(),
            ..Told::default()
        }
    }

    #[test]
    fn a_test_that_runs_on_one_kernel_is_tested_and_a_missing_program_is_no_requirement() {
        let vlan = ("tagged", "requires vlan: no module");
        let program = ("serves", "requires the program nginx: not here");
        let matrix = [told("5.10", &[vlan, program], false), told("6.1", &[program], true)];
        assert_eq!(skipped_everywhere(&matrix), BTreeMap::new());
        assert_eq!(met_nowhere(&matrix), ["xdp"].into());
        let matrix = [told("5.10", &[vlan], false), told("6.1", &[vlan], false)];
        assert_eq!(skipped_everywhere(&matrix), [vlan].into());
        assert_eq!(met_nowhere(&matrix), ["vlan", "xdp"].into());
        assert_eq!(skips(&matrix).len(), 1);
        assert!(skips(&matrix)[0].ends_with("[5.10 as root, 5.10 as user, 6.1 as root, 6.1 as user]"));
    }

    #[test]
    fn a_refusal_that_no_kernel_has_is_told_and_a_wrong_one_is_a_failure() {
        let not_here = || Met::NotHere("no such sysctl".to_owned());
        let with = |version: &str, met: Met, other: Met| Told {
            refusals: [("a".to_owned(), met), ("b".to_owned(), other)].into(),
            ..told(version, &[], true)
        };
        let matrix = [with("5.10", not_here(), not_here()), with("6.1", Met::AsDocumented, not_here())];
        assert_eq!(refused_nowhere(&matrix), ["b"].into());
        let stopped = [told("7.x", &[], true), with("6.1", Met::AsDocumented, not_here())];
        assert!(refused_nowhere(&stopped).is_empty(), "one of them was not asked");
        assert!(matrix.iter().all(Told::is_good));
        assert_eq!(matrix[1].counts(), Counts { passed: 7, failed: 0, skipped: 1 });
        let wrong = with("7.x", Met::Otherwise("it said nothing".to_owned()), Met::AsDocumented);
        assert!(!wrong.is_good());
        assert_eq!(wrong.counts().failed, 1);
        assert_eq!(wrong.wrong_refusals().collect::<Vec<_>>(), [("a", "it said nothing")]);
        let table = refusals_table(&[wrong]).unwrap().to_string();
        assert!(table.contains("OTHERWISE") && table.contains("as documented"), "{table}");
        assert!(refusals_table(&[told("6.1", &[], true)]).is_none());
    }

    #[test]
    fn a_run_is_good_only_if_both_users_ran_tests() {
        let mut good = told("6.1", &[], true);
        assert!(good.is_good());
        good.users.remove("user");
        assert!(!good.is_good());
        let mut empty = told("6.1", &[], true);
        empty.users.get_mut("root").unwrap().counts = Counts::default();
        assert!(!empty.is_good());
        empty.is_selection = true;
        assert!(empty.is_good(), "the other user's tests were the chosen ones");
        empty.users.get_mut("user").unwrap().counts = Counts::default();
        assert!(!empty.is_good(), "no test was chosen");
        let mut failed = told("6.1", &[], true);
        failed.failures.push("the kernel panicked".to_owned());
        assert!(!failed.is_good());
    }
}
