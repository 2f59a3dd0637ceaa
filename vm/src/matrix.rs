//! Runs plans on one kernel after the other, and records the guests' messages.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anstream::eprintln;
use anyhow::{Context, ensure};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tempfile::TempDir;

use crate::choices::Accelerator;
use crate::image::Root;
use crate::kernels::Kernel;
use crate::machine::{self, Machine};
use crate::message::Message;
use crate::plan::{Judge, Plan, Run};
use crate::report::{KernelResults, Skip};
use crate::{BAD, Counts, Failures};

/// The time limit from QEMU's start to the guest's first message, and for everything that the guest does beside the programs: it loads modules
/// and switches off.
const BESIDE: Duration = Duration::from_secs(300);

/// The time for the guest to kill a program that has reached its limit.
const KILL: Duration = Duration::from_secs(60);

/// The interval between checks whether another run has ended.
const AGAIN: Duration = Duration::from_secs(1);

/// The prefix of the folder of a run.
const RUN: &str = "run-";

/// The number of console lines that are printed after a failure.
const CONSOLE_LINES: usize = 40;

/// The number of lines of a program that are kept: its last ones.
const OUTPUT_LINES: usize = 10_000;

/// The folder that keeps kernels, and in which one run at a time works.
#[derive(Debug)]
pub struct WorkFolder {
    folder: PathBuf,
    scratch: TempDir,
    is_interrupted: fn() -> bool,
    /// The next run enters when the lock is dropped.
    _lock: Flock<File>,
}

impl WorkFolder {
    /// Creates the folder if it is missing, waits until no other run uses it, and removes the leftovers of killed runs, a
    /// gigabyte each.
    ///
    /// A run stops at its next step after `is_interrupted` returns true.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be made or listed, or the wait is interrupted.
    pub fn take(folder: &Path, is_interrupted: fn() -> bool) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        let lock = File::create(folder.join("lock")).context("failed to open the lock of the folder")?;
        let mut lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock);
        if lock.is_err() {
            eprintln!("another run works in {}; waiting for its end", folder.display());
        }
        let lock = loop {
            match lock {
                Ok(lock) => break lock,
                Err((_, errno)) if errno != Errno::EWOULDBLOCK => {
                    return Err(errno).context("failed to wait for another run");
                }
                Err((file, _)) => {
                    ensure!(!is_interrupted(), "interrupted");
                    thread::sleep(AGAIN);
                    lock = Flock::lock(file, FlockArg::LockExclusiveNonblock);
                }
            }
        };
        for entry in fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
            let entry = entry?;
            if entry.file_name().as_encoded_bytes().starts_with(RUN.as_bytes()) {
                fs::remove_dir_all(entry.path())
                    .with_context(|| format!("failed to remove {}", entry.path().display()))?;
            }
        }
        let scratch = TempDir::with_prefix_in(RUN, folder).context("failed to make a folder for the run")?;
        Ok(Self { folder: folder.to_owned(), scratch, is_interrupted, _lock: lock })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Makes an empty folder that is removed with this value.
    ///
    /// # Errors
    ///
    /// Fails if it exists already.
    pub fn scratch(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.scratch.path().join(name);
        fs::create_dir(&folder).context("failed to make a folder for the run")?;
        Ok(folder)
    }

    /// Boots each kernel on the root, once for each plan, and runs the plans. An emulator uses one processor, so its machines of one kernel
    /// run at the same time, and others one after the other. A kernel that fails does not stop the others. The console of a machine
    /// is kept in the work folder only if its run failed.
    ///
    /// `init` are the arguments with which the calling program becomes the guest's first process: with them and one more word it calls
    /// [`guest::run`](crate::guest::run).
    ///
    /// # Errors
    ///
    /// Fails if the run is interrupted.
    pub fn run(
        &self,
        kernels: &[Kernel],
        root: &Root,
        plans: &[Plan],
        accelerator: Accelerator,
        init: &str,
    ) -> anyhow::Result<Vec<KernelResults>> {
        let at_once = if accelerator == Accelerator::Tcg { plans.len() } else { 1 };
        // The plan of a machine is in its image, so images are made one after the other.
        let images = Mutex::new(());
        let boot = |kernel: &Kernel, plan: &Plan, number: usize, console: &Path| {
            let disk = self.scratch.path().join(format!("root-{number}.ext4"));
            let one_at_a_time = images.lock();
            root.image_for(kernel, plan, &disk)?;
            drop(one_at_a_time);
            Machine::start(kernel, &disk, console, accelerator, init, self.is_interrupted)
        };
        let numbered: Vec<(usize, &Plan)> = plans.iter().enumerate().collect();
        let mut results = Vec::new();
        for kernel in kernels {
            let mut of_kernel = KernelResults { version: kernel.version.clone(), ..KernelResults::default() };
            for together in numbered.chunks(at_once.max(1)) {
                ensure!(!(self.is_interrupted)(), "interrupted");
                let run_one = |number: usize, plan| {
                    self.run_one(&kernel.version, number, plan, |console| boot(kernel, plan, number, console))
                };
                let parts: Vec<KernelResults> = thread::scope(|scope| {
                    let machines: Vec<_> =
                        together.iter().map(|&(number, plan)| scope.spawn(move || run_one(number, plan))).collect();
                    machines
                        .into_iter()
                        .map(|machine| machine.join().unwrap_or_else(|panic| resume_unwind(panic)))
                        .collect()
                });
                for part in parts {
                    of_kernel.add(part);
                }
            }
            results.push(of_kernel);
        }
        ensure!(!(self.is_interrupted)(), "interrupted");
        Ok(results)
    }

    /// Runs one machine from its start to its last message. An error becomes part of the result.
    fn run_one(
        &self,
        version: &str,
        number: usize,
        plan: &Plan,
        boot: impl Fn(&Path) -> anyhow::Result<Machine>,
    ) -> KernelResults {
        let console = self.folder.join(format!("console-{version}-{number}.txt"));
        let start = Instant::now();
        let mut results = KernelResults { version: version.to_owned(), ..KernelResults::default() };
        let ended = boot(&console).and_then(|machine| listen(machine, plan, &mut results));
        results.took = start.elapsed();
        if let Err(error) = ended {
            results.failures.push(format!("{error:#}"));
            if !(self.is_interrupted)() {
                eprintln!("{} of {}:", BAD.paint("the end of the console"), version);
                eprintln!("{}", machine::tail(&console, CONSOLE_LINES));
            }
        }
        if results.is_good() || (self.is_interrupted)() {
            machine::forget(&console);
        } else {
            eprintln!("the console of {version} is in {}", console.display());
        }
        results
    }
}

/// Records all messages of the guest.
fn listen(mut machine: Machine, plan: &Plan, results: &mut KernelResults) -> anyhow::Result<()> {
    let mut until = Instant::now() + BESIDE;
    let mut now: Option<Running<'_>> = None;
    let mut ended = 0;
    let progress = Progress::new(results.version.clone());
    loop {
        let Some(message) = machine.next(until)? else {
            progress.clear();
            anyhow::bail!("the machine stopped before it had run the whole plan");
        };
        match message {
            Message::Up { release, after_ms } => {
                progress
                    .line(format_args!("{release} is up after {:.1} s", Duration::from_millis(after_ms).as_secs_f64()));
                (results.release, results.boot) = (Some(release), Some(Duration::from_millis(after_ms)));
            }
            Message::Note(note) => progress.line(format_args!("{note}")),
            Message::Started(index) => {
                let run = plan.runs.get(index).context("a program started that is not in the plan")?;
                if let Some(running) = &now {
                    anyhow::bail!("{} started, and the end of {} was not reported", run.target, running.run.target);
                }
                progress.show(run);
                until = Instant::now() + run.limit + KILL;
                now = Some(Running::new(run));
            }
            Message::Line(line) => running(&mut now)?.note_line(line),
            Message::Skipped { test, reason } => running(&mut now)?.skipped.push((test, reason)),
            Message::Ended { success, how, took_ms } => {
                running(&mut now)?;
                ended += 1;
                let took = Duration::from_millis(took_ms);
                if let Some(running) = now.take() {
                    let run = running.run;
                    match running.ended(success, &how, results) {
                        None => progress.ended(run, took),
                        Some(failure) => progress.line(format_args!("{} {failure}", BAD.paint("failed"))),
                    }
                }
                until = Instant::now() + BESIDE;
            }
            Message::Broken(error) => anyhow::bail!("the guest cannot continue: {error}"),
            Message::Done => {
                progress.clear();
                let all = plan.runs.len();
                ensure!(ended == all, "the end of {ended} of {all} programs was reported");
                return machine.stop();
            }
        }
    }
}

fn running<'a, 'plan>(now: &'a mut Option<Running<'plan>>) -> anyhow::Result<&'a mut Running<'plan>> {
    now.as_mut().context("a message about a program that never started")
}

/// A program that runs in the guest.
struct Running<'plan> {
    run: &'plan Run,
    /// The last lines of its output.
    lines: VecDeque<String>,
    left_out: u64,
    counts: Option<Counts>,
    failures: Failures,
    /// Ignored tests, with the reasons that they have.
    ignored: Vec<(String, String)>,
    /// Tests that skipped at run time.
    skipped: Vec<(String, String)>,
}

impl<'plan> Running<'plan> {
    fn new(run: &'plan Run) -> Self {
        let lines = VecDeque::new();
        Self {
            run,
            lines,
            left_out: 0,
            counts: None,
            failures: Failures::default(),
            ignored: Vec::new(),
            skipped: Vec::new(),
        }
    }

    fn note_line(&mut self, line: String) {
        if self.run.judge != Judge::Program {
            if let Some(counts) = Counts::of_line(&line) {
                *self.counts.get_or_insert_default() += counts;
            }
            self.failures.note_line(&line);
            self.ignored.extend(ignored_test(&line));
        }
        if self.lines.len() == OUTPUT_LINES {
            self.lines.pop_front();
            self.left_out += 1;
        }
        self.lines.push_back(line);
    }

    /// Adds the result; returns a failure with the output.
    fn ended(self, success: bool, how: &str, results: &mut KernelResults) -> Option<String> {
        let user = self.run.account.name();
        let target = &self.run.target;
        let of = results.users.entry(user.to_owned()).or_default();
        // libtest counts tests that skip at run time as passed. A test that a suite starts twice may skip twice.
        let mut at_run_time = 0;
        for (test, reason) in self.skipped {
            at_run_time += u64::from(of.skipped.insert(Skip { target: target.clone(), test, reason }));
        }
        of.skipped.extend(self.ignored.into_iter().map(|(test, reason)| Skip { target: target.clone(), test, reason }));
        let without = match (self.counts, self.run.judge) {
            (Some(counts), _) => {
                of.counts += counts.with_skips_at_run_time(at_run_time);
                // A harness that fails after its summary has failed.
                if !success && counts.failed == 0 {
                    of.counts.failed += 1;
                }
                ""
            }
            (None, Judge::Program) => "",
            (None, Judge::Harness) => {
                let one = Counts { passed: u64::from(success), failed: u64::from(!success), skipped: 0 };
                of.counts += one.with_skips_at_run_time(at_run_time.min(1));
                ""
            }
            (None, Judge::Libtest) => {
                of.counts.failed += 1;
                " without the summary of its tests"
            }
        };
        let failure =
            (!success || !without.is_empty()).then(|| format!("{target} as {user}: {how}{without}{}", self.failures));
        let mut output: Vec<String> = self.lines.into();
        if self.left_out > 0 {
            output.insert(0, format!("({} lines before these are left out)", self.left_out));
        }
        let with_output = failure.as_ref().map(|failure| format!("{failure}\n{}", output.join("\n")));
        results.failures.extend(failure);
        if self.run.judge == Judge::Program {
            results.printed.insert((user.to_owned(), target.clone()), output);
        }
        with_output
    }
}

/// `test name ... ignored, reason`, as libtest prints it.
fn ignored_test(line: &str) -> Option<(String, String)> {
    let (name, end) = line.strip_prefix("test ")?.split_once(" ... ignored")?;
    let reason = if end.is_empty() { "" } else { end.strip_prefix(", ")? };
    Some((name.to_owned(), format!("ignored{}{reason}", if reason.is_empty() { "" } else { ": " })))
}

/// On a terminal, programs that take longer than this are shown although they passed.
const SLOW: Duration = Duration::from_secs(10);

/// A line that is overwritten on a terminal, and omitted elsewhere.
struct Progress {
    version: String,
    is_terminal: bool,
    start: Instant,
}

impl Progress {
    fn new(version: String) -> Self {
        Self { version, is_terminal: io::stderr().is_terminal(), start: Instant::now() }
    }

    fn show(&self, run: &Run) {
        if self.is_terminal {
            self.clear();
            let seconds = self.start.elapsed().as_secs_f64();
            anstream::eprint!("{} {seconds:>4.0} s  {} as {} ", self.version, run.target, run.account.name());
            drop(io::stderr().flush());
        }
    }

    /// A log shows every program, so that a reader sees where the run hangs.
    fn ended(&self, run: &Run, took: Duration) {
        if !self.is_terminal || took > SLOW {
            self.line(format_args!("ok {} as {}: {:.1} s", run.target, run.account.name(), took.as_secs_f64()));
        }
    }

    fn clear(&self) {
        if self.is_terminal {
            anstream::eprint!("\r\u{1b}[K");
        }
    }

    fn line(&self, text: std::fmt::Arguments<'_>) {
        self.clear();
        eprintln!("{} {text}", self.version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Account;

    const SUMMARY: &str =
        "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s";

    fn run(judge: Judge) -> Run {
        Run {
            account: Account::User,
            target: "crate/net".to_owned(),
            program: "/t".into(),
            arguments: vec![],
            folder: "/".into(),
            environment: vec![],
            judge,
            limit: Duration::from_secs(1),
        }
    }

    fn ended(judge: Judge, lines: &[&str], success: bool) -> (KernelResults, Option<String>) {
        let run = run(judge);
        let mut running = Running::new(&run);
        for line in lines {
            running.note_line((*line).to_owned());
        }
        running.skipped.push(("vlan".to_owned(), "requires vlan: no module".to_owned()));
        let mut results = KernelResults { release: Some("5.10".to_owned()), ..KernelResults::default() };
        let failure = running.ended(success, "ended with exit status 0", &mut results);
        (results, failure)
    }

    fn counts(results: &KernelResults) -> (u64, u64, u64) {
        let Counts { passed, failed, skipped } = results.users["user"].counts;
        (passed, failed, skipped)
    }

    #[test]
    fn a_summary_counts_and_skips_are_not_passed() {
        let (results, failure) = ended(Judge::Libtest, &["test slow ... ignored, takes an hour", SUMMARY], true);
        assert_eq!((failure, counts(&results)), (None, (1, 0, 2)));
        let skips: Vec<_> =
            results.users["user"].skipped.iter().map(|skip| (&skip.test[..], &skip.reason[..])).collect();
        assert_eq!(skips, [("slow", "ignored: takes an hour"), ("vlan", "requires vlan: no module")]);
        assert!(results.is_good());
    }

    #[test]
    fn a_libtest_binary_without_a_summary_has_failed_with_its_output() {
        let (results, failure) = ended(Judge::Libtest, &["running 2 tests"], true);
        assert!(failure.unwrap().ends_with("without the summary of its tests\nrunning 2 tests"));
        assert_eq!(counts(&results), (0, 1, 0));
        assert!(!results.is_good());
    }

    #[test]
    fn a_harness_of_its_own_is_one_test_and_may_fail_after_a_summary() {
        let (results, failure) = ended(Judge::Harness, &["all is well"], true);
        assert_eq!((failure, counts(&results)), (None, (0, 0, 1)), "its skip counts");
        let (results, _) = ended(Judge::Harness, &["no"], false);
        assert_eq!(results.users["user"].counts.failed, 1);
        let (results, failure) = ended(Judge::Libtest, &[SUMMARY], false);
        assert!(failure.is_some() && results.users["user"].counts.failed == 1);
    }

    #[test]
    fn a_programs_output_is_kept_and_not_counted() {
        let (results, failure) = ended(Judge::Program, &[SUMMARY], true);
        assert_eq!(failure, None);
        assert_eq!(results.printed[&("user".to_owned(), "crate/net".to_owned())], [SUMMARY]);
        assert_eq!(results.users["user"].counts.passed, 0);
    }

    #[test]
    fn ignored_tests_are_read_from_libtests_lines() {
        assert_eq!(ignored_test("test a ... ignored"), Some(("a".to_owned(), "ignored".to_owned())));
        assert_eq!(ignored_test("test a ... ok"), None);
        assert_eq!(ignored_test("test a ... ignored by me"), None);
    }

    #[test]
    fn a_work_folder_is_for_one_run_and_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("run-killed")).unwrap();
        let work = WorkFolder::take(folder.path(), || true).unwrap();
        assert!(!folder.path().join("run-killed").exists());
        let scratch = work.scratch("root").unwrap();
        let second = WorkFolder::take(folder.path(), || true).unwrap_err();
        assert_eq!(second.to_string(), "interrupted");
        drop(work);
        assert!(!scratch.exists());
    }
}
