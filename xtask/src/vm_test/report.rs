//! Reads the output of the doctor and of the refusals, and finds the gaps of a matrix: requirements that no kernel meets, tests and refusals
//! that no kernel runs.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use comfy_table::{Table, presets};
use netns_vm::Counts;
use netns_vm::report::{KernelResults, UserResults};
use serde_json::Value;

use super::plan::{ALL_REFUSALS, DOCTOR};
use super::refusals::{Met, Refused};

/// The results of one kernel, with the values that only this project's runs have.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) results: KernelResults,
    /// Whether each requirement of the fixtures is met, by user.
    pub(super) requirements: BTreeMap<String, BTreeMap<String, bool>>,
    /// The result of each refusal, by its description.
    pub(super) refusals: BTreeMap<String, Met>,
}

impl Told {
    /// Reads the output of the programs. A missing result is a failure; with a selection, one user may have no test.
    pub(super) fn of(mut results: KernelResults, is_selection: bool) -> Self {
        let mut told = Self::default();
        let mut wrong = Vec::new();
        for user in ["root", "user"] {
            let of = results.users.get(user);
            if of.is_none_or(|of| of.counts.passed == 0 && !is_selection) {
                wrong.push(format!("no test passed as {user}"));
            }
            match results
                .printed
                .get(&(user.to_owned(), DOCTOR.to_owned()))
                .context("it did not run")
                .and_then(|lines| requirements(lines))
            {
                Ok(requirements) => drop(told.requirements.insert(user.to_owned(), requirements)),
                Err(error) => wrong.push(format!("the doctor as {user}: {error:#}")),
            }
        }
        for line in results.printed.get(&("root".to_owned(), ALL_REFUSALS.to_owned())).into_iter().flatten() {
            match serde_json::from_str(line) {
                Ok(Refused { name, met }) => drop(told.refusals.insert(name, met)),
                Err(_) => wrong.push(format!("the refusals printed: {line}")),
            }
        }
        results.failures.extend(wrong);
        told.results = results;
        if is_selection && told.counts().passed == 0 && told.results.failures.is_empty() {
            told.results.failures.push("nothing passed: no test or refusal has this in its name".to_owned());
        }
        told
    }

    /// Returns the refusals whose results differ from the documentation.
    pub(super) fn wrong_refusals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.refusals.iter().filter_map(|(name, met)| match met {
            Met::Otherwise(how) => Some((&name[..], &how[..])),
            Met::AsDocumented | Met::NotHere(_) => None,
        })
    }

    /// Returns everything that is wrong, a line for each; nothing if the kernel is good.
    pub(super) fn wrong(&self) -> Vec<String> {
        let version = &self.results.version;
        let failures = self.results.failures.iter().map(|failure| format!("{version}: {failure}"));
        let refusals = self.wrong_refusals().map(|(name, how)| format!("{version}: not as documented: {name}: {how}"));
        let mut wrong: Vec<String> = failures.chain(refusals).collect();
        if wrong.is_empty() && !self.results.is_good() {
            wrong.push(format!("{version}: a test failed without a message"));
        }
        wrong
    }

    #[cfg(test)]
    fn is_good(&self) -> bool {
        self.wrong().is_empty()
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = self.results.counts();
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

/// Reads the output of `doctor --json`.
fn requirements(lines: &[String]) -> anyhow::Result<BTreeMap<String, bool>> {
    let printed = lines.join("\n");
    let answer: Value = serde_json::from_str(&printed).with_context(|| format!("it printed: {printed}"))?;
    ensure!(answer["isolation"]["works"] == true, "tests cannot be isolated: {}", answer["isolation"]["report"]);
    let requirements = answer["requirements"].as_array().context("it names no requirements")?.iter();
    let of = |requirement: &Value| {
        let name = requirement["name"].as_str().context("a requirement has no name")?;
        Ok((name.to_owned(), requirement["met"] == true))
    };
    requirements.map(of).collect()
}

/// Requirements that no kernel meets today: BPF programs load in the initial user namespace only, and each test has its own.
/// The names exist so that a test can declare the requirement.
const NEVER_MET: &[&str] = &["bpf"];

/// Returns the requirements that no kernel meets for any user: no run tests the code that they guard.
pub(super) fn met_nowhere(told: &[Told]) -> BTreeSet<&str> {
    let answers = || told.iter().flat_map(|told| told.requirements.values()).flatten();
    let met: BTreeSet<&str> = answers().filter(|(_, met)| **met).map(|(name, _)| &name[..]).collect();
    answers().map(|(name, _)| &name[..]).filter(|name| !met.contains(name) && !NEVER_MET.contains(name)).collect()
}

/// Returns the refusals that no kernel supports: no run tests their messages. Leaves out a refusal that
/// did not run on one kernel, because its machine stopped earlier: that kernel might support it.
pub(super) fn refused_nowhere(told: &[Told]) -> BTreeSet<&str> {
    let cannot = |told: &Told, name: &String| matches!(told.refusals.get(name), Some(Met::NotHere(_)));
    let names = told.iter().flat_map(|told| told.refusals.keys());
    names.filter(|&name| told.iter().all(|told| cannot(told, name))).map(|name| &name[..]).collect()
}

/// Returns the tests with a `requires(…)` that every run of the matrix skipped, with one of the reasons.
///
/// A missing program is not a requirement of a kernel.
pub(super) fn skipped_everywhere(told: &[Told]) -> BTreeMap<String, String> {
    let mut runs = told.iter().flat_map(|told| told.results.users.values());
    let by_kernel = |of: &UserResults| -> BTreeMap<(String, String), String> {
        let is_by_kernel =
            |reason: &str| reason.starts_with("requires ") && !reason.starts_with("requires the program ");
        let skips = of.skipped.iter().filter(|skip| is_by_kernel(&skip.reason));
        skips.map(|skip| ((skip.target.clone(), skip.test.clone()), skip.reason.clone())).collect()
    };
    let Some(first) = runs.next() else { return BTreeMap::new() };
    let mut everywhere = by_kernel(first);
    for of in runs {
        let here = by_kernel(of);
        everywhere.retain(|test, _| here.contains_key(test));
    }
    everywhere.into_iter().map(|((_, test), reason)| (test, reason)).collect()
}

/// One line for each requirement, one column for each kernel: the users for whom it is met.
pub(super) fn requirements_table(told: &[Told]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["requirement"].into_iter().chain(told.iter().map(|told| &told.results.version[..])));
    let names: BTreeSet<&String> =
        told.iter().flat_map(|told| told.requirements.values()).flat_map(BTreeMap::keys).collect();
    for name in names {
        let cell = |told: &Told| {
            let met: Vec<&str> = told
                .requirements
                .iter()
                .filter(|(_, requirements)| requirements.get(name) == Some(&true))
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

/// One line for each refusal, one column for each kernel; `None` if no refusal ran.
pub(super) fn refusals_table(told: &[Told]) -> Option<Table> {
    let names: BTreeSet<&String> = told.iter().flat_map(|told| told.refusals.keys()).collect();
    if names.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["refusal".to_owned()].into_iter().chain(told.iter().map(|told| told.results.version.clone())));
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
    use netns_vm::report::Skip;

    fn told(version: &str, skipped: &[(&str, &str)], vlan: bool) -> Told {
        let of = || UserResults {
            counts: Counts { passed: 3, failed: 0, skipped: skipped.len() as u64 },
            skipped: skipped
                .iter()
                .map(|&(test, why)| Skip { target: "t".to_owned(), test: test.to_owned(), reason: why.to_owned() })
                .collect(),
        };
        let users = ["root", "user"].map(|user| (user.to_owned(), of())).into();
        let requirements = [("vlan".to_owned(), vlan), ("xdp".to_owned(), false)].into();
        Told {
            results: KernelResults { version: version.to_owned(), users, ..KernelResults::default() },
            requirements: [("root".to_owned(), requirements)].into(),
            refusals: BTreeMap::new(),
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
        assert_eq!(skipped_everywhere(&matrix), [(vlan.0.to_owned(), vlan.1.to_owned())].into());
        assert_eq!(met_nowhere(&matrix), ["vlan", "xdp"].into());
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

    const DOCTORS_ANSWER: &str = r#"{"isolation":{"works":true},"requirements":[{"name":"vlan","met":true}]}"#;

    /// Returns the report of a machine about both users, the second with this number of passed tests.
    fn reported(passed: u64, doctors_answer: &str) -> KernelResults {
        let of = |passed| UserResults { counts: Counts { passed, ..Counts::default() }, ..UserResults::default() };
        let key = |user: &str, target: &str| (user.to_owned(), target.to_owned());
        let refusal = r#"{"name":"a","met":"AsDocumented"}"#;
        KernelResults {
            users: [("root".to_owned(), of(1)), ("user".to_owned(), of(passed))].into(),
            printed: [
                (key("root", DOCTOR), vec![doctors_answer.to_owned()]),
                (key("user", DOCTOR), vec![doctors_answer.to_owned()]),
                (key("root", ALL_REFUSALS), vec![refusal.to_owned()]),
            ]
            .into(),
            ..KernelResults::default()
        }
    }

    #[test]
    fn a_run_is_good_only_if_both_users_ran_tests_and_the_doctor_answered() {
        let told = Told::of(reported(1, DOCTORS_ANSWER), false);
        assert!(told.is_good(), "{told:?}");
        assert!(told.requirements["user"]["vlan"] && told.refusals["a"] == Met::AsDocumented);
        assert_eq!(Told::of(reported(0, DOCTORS_ANSWER), false).results.failures, ["no test passed as user"]);
        assert!(Told::of(reported(0, DOCTORS_ANSWER), true).is_good(), "the other user's tests were the chosen ones");
        let refused = Told::of(reported(1, r#"{"isolation":{"works":false,"report":"no"}}"#), false);
        assert!(refused.results.failures[0].contains("tests cannot be isolated"), "{refused:?}");
        assert!(!Told::of(reported(1, "nothing"), false).is_good());
        assert!(!Told::of(KernelResults::default(), true).is_good());
        let mut refusals_only = reported(0, DOCTORS_ANSWER);
        refusals_only.users.values_mut().for_each(|of| of.counts = Counts::default());
        let nothing = KernelResults { printed: refusals_only.printed.clone(), ..KernelResults::default() };
        assert!(Told::of(refusals_only, true).is_good());
        assert!(!Told::of(nothing, true).is_good(), "no user ran anything");
    }
}
