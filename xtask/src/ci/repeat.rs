//! `cargo xtask ci --repeat N`: runs the tests several times, and prints how often each of them failed. With `--under-load` all processors
//! have other work meanwhile, as on a shared machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use anstream::println;
use anyhow::{Context, ensure};
use comfy_table::{Table, presets};

use super::temporary::TemporaryFolder;
use super::{BUILT_SUITES, LIBTEST, REPETITIONS, build_suites, check};
use crate::program::{EndedProgram, run_quietly};
use crate::workspace::{BAD, GOOD, Workspace};

/// The outputs of rounds with a failure, below the workspace.
const OUTPUTS: &str = "target/ci-repeat";

/// Busy threads for each processor: a test gets a third of one at most.
const THREADS_PER_PROCESSOR: usize = 2;

/// Runs the rounds. Exits with 0 if no test failed in any, else with 1.
pub(super) fn run(workspace: &Workspace, rounds: u32, under_load: bool) -> anyhow::Result<ExitCode> {
    let suites = build_suites(workspace)?;
    // The time of a round contains no build.
    check(workspace.cargo().args(LIBTEST).arg("--no-run"))?;
    let outputs = workspace.root().join(OUTPUTS);
    if outputs.exists() {
        fs::remove_dir_all(&outputs).context("failed to remove the outputs of an earlier run")?;
    }
    fs::create_dir_all(&outputs).context("failed to make a folder for outputs")?;
    let _load = under_load.then(Load::start).transpose()?;
    let mut tally = Tally::default();
    for round in 1..=rounds {
        let temporary = TemporaryFolder::new()?;
        let mut tests = workspace.with_temporary_folder(temporary.path()).cargo();
        tests.args(LIBTEST).env(BUILT_SUITES, &suites).envs(REPETITIONS);
        let start = Instant::now();
        let failed = tally.run(round, &mut tests, || temporary.remains(), &outputs)?;
        println!("round {round} of {rounds}: {failed} failures, {:.1} s", start.elapsed().as_secs_f64());
    }
    println!("\n{}", tally.table(rounds));
    let is_good = tally.failures.is_empty();
    if is_good {
        println!("{}", GOOD.paint("no test failed in any round"));
    } else {
        println!("{}; the outputs of rounds with a failure are in {OUTPUTS}", BAD.paint("tests failed"));
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The failures of all rounds.
#[derive(Debug, Default)]
struct Tally {
    /// The name of each failed test, with its rounds and its latest message.
    failures: BTreeMap<String, (Vec<u32>, String)>,
}

impl Tally {
    /// Runs one round, and returns the number of its failures. Keeps the output if there is one.
    fn run(
        &mut self,
        round: u32,
        tests: &mut Command,
        left: impl FnOnce() -> Vec<String>,
        outputs: &Path,
    ) -> anyhow::Result<usize> {
        let (ended, output) = run_quietly(tests)?;
        // After its end: earlier, the files of running tests would count.
        let failures = failures(&ended, &left());
        ensure!(!failures.is_empty() || ended.counts.passed > 0, "{} ran no test:\n{output}", ended.program);
        for (test, message) in &failures {
            let (rounds, latest) = self.failures.entry(test.clone()).or_default();
            rounds.push(round);
            latest.clone_from(message);
        }
        if !failures.is_empty() {
            fs::write(outputs.join(format!("round-{round}.txt")), output).context("failed to keep an output")?;
        }
        Ok(failures.len())
    }

    fn table(&self, rounds: u32) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["test", "failed", "in the rounds", "latest message"]);
        for (test, (failed, message)) in &self.failures {
            let numbers: Vec<_> = failed.iter().map(ToString::to_string).collect();
            table.add_row([test, &format!("{} of {rounds}", failed.len()), &numbers.join(", "), message]);
        }
        table
    }
}

/// Returns each failure of a round, with its message. A run that fails without the name of a test is one too, and so are leftovers.
fn failures(ended: &EndedProgram, left: &[String]) -> Vec<(String, String)> {
    let split = |line: String| match line.split_once(": ") {
        Some((test, message)) => (test.to_owned(), message.to_owned()),
        None => (line, String::new()),
    };
    let mut failures: Vec<_> = ended.failures.lines().map(split).collect();
    if failures.is_empty() && (!ended.success || ended.counts.failed > 0) {
        failures.push(("(no test is named)".to_owned(), ended.how.clone()));
    }
    failures.extend(left.iter().map(|file| ("(left in the temporary folder)".to_owned(), file.clone())));
    failures
}

/// Busy threads. Role: to take time of the processors from the tests; parent: this process. `Drop` joins them.
struct Load {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn start() -> anyhow::Result<Self> {
        let processors = thread::available_parallelism().context("failed to count the processors")?.get();
        let mut load = Self { is_over: Arc::default(), threads: Vec::new() };
        for _ in 0..processors * THREADS_PER_PROCESSOR {
            let is_over = Arc::clone(&load.is_over);
            let spin = move || {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            };
            let thread = thread::Builder::new().name("load".to_owned()).spawn(spin);
            load.threads.push(thread.context("failed to start a busy thread")?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It cannot panic.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "test a::works ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
    const BAD: &str = "test a::works ... FAILED\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn a_test_that_fails_in_some_rounds_is_counted_with_them() {
        let outputs = tempfile::tempdir().unwrap();
        let mut tally = Tally::default();
        let mut run = |round, text: &str, left: &[&str]| {
            let left = left.iter().map(|file| (*file).to_owned()).collect();
            tally.run(round, Command::new("printf").args(["%s", text]), || left, outputs.path()).unwrap()
        };
        assert_eq!([run(1, GOOD, &[]), run(2, BAD, &[]), run(3, GOOD, &["a file"]), run(4, BAD, &[])], [0, 1, 1, 1]);
        let rounds: Vec<_> = tally.failures.iter().map(|(test, (rounds, _))| (test.as_str(), &rounds[..])).collect();
        assert_eq!(rounds, [("(left in the temporary folder)", &[3][..]), ("a::works", &[2, 4][..])]);
        assert!(tally.table(4).to_string().contains("2 of 4"));
        let kept = fs::read_dir(outputs.path()).unwrap().count();
        assert_eq!((kept, fs::read_to_string(outputs.path().join("round-2.txt")).unwrap().as_str()), (3, BAD));
    }

    #[test]
    fn a_run_that_names_no_test_is_a_failure_and_one_without_tests_an_error() {
        let outputs = tempfile::tempdir().unwrap();
        let mut tally = Tally::default();
        assert_eq!(tally.run(1, &mut Command::new("false"), Vec::new, outputs.path()).unwrap(), 1);
        assert_eq!(tally.failures["(no test is named)"].1, "ended with exit status 1");
        assert!(tally.run(2, &mut Command::new("true"), Vec::new, outputs.path()).is_err());
    }

    #[test]
    fn the_load_ends_with_its_guard() {
        let load = Load::start().unwrap();
        let is_over = Arc::clone(&load.is_over);
        // One for this test, one for the guard, and one for each thread.
        assert!(Arc::strong_count(&is_over) >= 4);
        drop(load);
        assert_eq!(Arc::strong_count(&is_over), 1);
    }
}
