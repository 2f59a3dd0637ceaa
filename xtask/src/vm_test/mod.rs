//! `cargo xtask vm-test`: the suite of the fixtures on kernels that are not this machine's, as root and as a user without privileges.
//!
//! Kernels come from Debian's archive ([`kernels`]), the root file system is made of this machine's programs and the binaries that cargo
//! has built ([`image`], [`plan`]), QEMU runs it ([`machine`]), this same program is the guest's first process ([`guest`]), and what
//! counts is what the guest said ([`mod@message`], [`mod@report`]). In the end the guest is made a machine that refuses, in one way after
//! another ([`refusals`], [`mod@site`], [`obstacle`], [`apparmor`]), and what is said there is compared with docs/where-it-runs.md.

mod apparmor;
pub(crate) mod guest;
mod image;
mod kernels;
mod machine;
mod message;
pub(crate) mod obstacle;
mod plan;
mod refusals;
mod report;
mod site;

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anstream::{eprintln, println};
use anyhow::{Context, ensure};
use clap::Args;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tempfile::TempDir;

use crate::ci::{Counts, is_interrupted, stop_on_signals};
use crate::workspace::{BAD, GOOD, NOTABLE, Workspace};
use image::Root;
use kernels::{Kernel, SERIES};
use machine::{Accelerator, Machine};
use message::{Message, Met, Run};
use report::Told;

const AFTER_HELP: &str = "\
Examples:
  cargo xtask vm-test                              the oldest and the newest kernel of the matrix
  cargo xtask vm-test --kernel all                 all of it
  cargo xtask vm-test --kernel 6.12 --test vlan    tests with `vlan` in their names, on one kernel
  cargo xtask vm-test --update                     with the point releases of today

The kernels are kept in target/vm-test; the first run fetches some 30 MB for each. It needs QEMU, apt, e2fsprogs, kmod and binutils, and no
privilege. A kernel's console is kept where its run failed.

Exit status: 0 all passed, 1 a test failed, a result is missing or a requirement is met nowhere, 2 usage or a missing tool.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// A series of kernels, or `all` [default: 5.10 and 7.x]; may be repeated.
    #[arg(long, value_name = "SERIES", value_parser = series_parser())]
    kernel: Vec<String>,
    /// Only tests, and machines that refuse, with this in their names.
    #[arg(long, value_name = "FILTER")]
    test: Option<String>,
    /// How the guest's instructions run; kvm is faster where it works, and hangs on some machines that are virtual themselves.
    #[arg(long, value_enum, default_value_t = Accelerator::Tcg)]
    accel: Accelerator,
    /// Leave out what `cargo xtask ci` leaves out.
    #[arg(long)]
    short: bool,
    /// The address above the folders `debian` and `debian-security` of a mirror [default: the one that apt uses here].
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Ask the archive for newer point releases of kernels that are kept.
    #[arg(long)]
    update: bool,
}

/// What the matrix begins and ends with.
const BOTH_ENDS: [&str; 2] = ["5.10", "7.x"];

/// A whole run of one kernel without hardware virtualisation takes a few minutes.
const MACHINE: Duration = Duration::from_secs(30 * 60);

/// From QEMU's start to the guest's first word.
const START: Duration = Duration::from_secs(120);

/// How soon the end of another run is seen.
const AGAIN: Duration = Duration::from_secs(1);

/// How the folder of a run begins.
const RUN: &str = "run-";

/// How many lines of a console are printed after a failure.
const CONSOLE_LINES: usize = 40;

fn series_parser() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(SERIES.iter().copied().chain(["all"]))
}

/// Runs the matrix and reports.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    stop_on_signals()?;
    let told = matrix(workspace, options)?;
    let good = report(&told, options.test.is_none());
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same as a step of `ci`: its counts, and whether all is well.
pub(crate) fn as_step(workspace: &Workspace) -> anyhow::Result<(Counts, bool)> {
    let told = matrix(
        workspace,
        &Options { kernel: Vec::new(), test: None, accel: Accelerator::Tcg, short: true, mirror: None, update: false },
    )?;
    let good = report(&told, true);
    let mut counts = Counts::default();
    for told in &told {
        counts += told.counts();
    }
    Ok((counts, good))
}

fn matrix(workspace: &Workspace, options: &Options) -> anyhow::Result<Vec<Told>> {
    image::check_tools()?;
    let folder = workspace.root().join("target/vm-test");
    let asked = if options.kernel.is_empty() { BOTH_ENDS.map(str::to_owned).to_vec() } else { options.kernel.clone() };
    let series: Vec<String> = SERIES
        .iter()
        .filter(|series| asked.iter().any(|asked| asked == *series || asked == "all"))
        .map(|&series| series.to_owned())
        .collect();
    let _alone = take_folder(&folder)?;
    let kernels = kernels::obtain(&folder, &series, options.mirror.as_deref(), options.update)?;
    let parser = apparmor::obtain(&folder, options.mirror.as_deref())?;
    let mut built = plan::build(workspace)?;
    if options.short {
        built.tests.retain(|target| !plan::NOT_IN_CI.contains(&&target.name[..]));
        let left_out: Vec<&str> = plan::NOT_IN_CI.iter().copied().chain(refusals::only_without_short()).collect();
        eprintln!("{} {}", NOTABLE.paint("only without --short:"), left_out.join(", "));
    }
    let scratch = TempDir::with_prefix_in(RUN, &folder).context("failed to make a folder for the run")?;
    let start = Instant::now();
    let folder_of_root = scratch.path().join("root");
    fs::create_dir(&folder_of_root).context("failed to make a folder for the root")?;
    let mut root = Root::new(&folder_of_root)?;
    apparmor::put(&parser, &folder_of_root)?;
    let plan = root.fill(&built, options.test.as_deref(), options.short)?;
    let accelerator = options.accel;
    eprintln!(
        "{} test binaries for {} kernels by {}; their files were gathered in {:.1} s",
        plan.targets.len(),
        kernels.len(),
        accelerator.name(),
        start.elapsed().as_secs_f64()
    );
    for (target, reason) in plan::excluded() {
        eprintln!("{} {target}: {reason}", NOTABLE.paint("not inside"));
    }
    let disk = scratch.path().join("root.ext4");
    let told = kernels
        .iter()
        .take_while(|_| !is_interrupted())
        .map(|kernel| {
            let console = folder.join(format!("console-{}.txt", kernel.version));
            one(kernel, &console, options.test.is_some(), || {
                root.image_for(kernel, &disk)?;
                Machine::start(kernel, &disk, &console, accelerator)
            })
        })
        .collect();
    ensure!(!is_interrupted(), "interrupted");
    Ok(told)
}

/// Waits until no other run works in the folder, and removes what one that was killed has left there: a gigabyte each. The next one
/// comes in when the lock is dropped.
fn take_folder(folder: &Path) -> anyhow::Result<Flock<File>> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    let lock = File::create(folder.join("lock")).context("failed to open the lock of the folder")?;
    let mut lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock);
    if lock.is_err() {
        eprintln!("another vm-test works in {}; waiting for its end", folder.display());
    }
    let lock = loop {
        match lock {
            Ok(lock) => break lock,
            Err((_, errno)) if errno != Errno::EWOULDBLOCK => {
                return Err(errno).context("failed to wait for another vm-test");
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
            fs::remove_dir_all(entry.path()).with_context(|| format!("failed to remove {}", entry.path().display()))?;
        }
    }
    Ok(lock)
}

/// One kernel, from its start to its last word. What goes wrong is a part of the result: the others still run.
fn one(
    kernel: &Kernel,
    console: &Path,
    is_selection: bool,
    start_machine: impl FnOnce() -> anyhow::Result<Machine>,
) -> Told {
    let start = Instant::now();
    let mut told = Told { version: kernel.version.clone(), is_selection, ..Told::default() };
    let listened = start_machine().and_then(|machine| listen(machine, &mut told));
    if let Err(error) = listened {
        told.failures.push(format!("{error:#}"));
    }
    told.took = start.elapsed();
    // libtest has counted those as passed that skipped at run time.
    for of in told.users.values_mut() {
        of.counts = of.counts.with_skips_at_run_time(of.skipped.len() as u64);
    }
    if told.is_good() {
        machine::forget(console);
    } else {
        eprintln!(
            "{} of {} (all of it is in {}):",
            BAD.paint("the end of the console"),
            kernel.version,
            console.display()
        );
        eprintln!("{}", machine::tail(console, CONSOLE_LINES));
    }
    told
}

/// Notes all that the guest says.
fn listen(mut machine: Machine, told: &mut Told) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut now: Option<Run> = None;
    // The output of the binary that runs; it is shown only if that one fails. Without libtest's count it has run no test, whatever
    // it ends with.
    let (mut output, mut is_counted) = (Vec::new(), false);
    let progress = Progress::new(told.version.clone());
    loop {
        let within = if told.release.is_some() { MACHINE } else { START };
        let Some(message) = machine.next(start + within)? else {
            progress.clear();
            anyhow::bail!("the machine stopped without saying that it was done: no result is a failure");
        };
        let mut of_now = now.as_ref().map(|run| told.users.entry(run.user.clone()).or_default());
        match message {
            Message::Up { release, after_ms } => {
                progress
                    .line(format_args!("{release} is up after {:.1} s", Duration::from_millis(after_ms).as_secs_f64()));
                (told.release, told.boot) = (Some(release), Some(Duration::from_millis(after_ms)));
            }
            Message::Note(note) => progress.line(format_args!("{note}")),
            Message::Started(run) => {
                progress.show(&run);
                output.clear();
                is_counted = false;
                now = Some(run);
            }
            Message::Line(line) => {
                if let (Some(counts), Some(of)) = (Counts::of_line(&line), &mut of_now) {
                    of.counts += counts;
                    is_counted = true;
                }
                output.push(line);
            }
            Message::Ended { success, how, took_ms } => {
                let run = now.as_ref().context("a program ended that never started")?;
                if success && is_counted {
                    progress.ended(run, Duration::from_millis(took_ms));
                } else {
                    let without = if is_counted { "" } else { " without a count of its tests" };
                    let failure = format!("{} as {}: {how}{without} after {took_ms} ms", run.target, run.user);
                    progress.line(format_args!("{} {failure}\n{}", BAD.paint("failed"), output.join("\n")));
                    told.failures.push(failure);
                }
            }
            Message::Skipped { test, reason } => {
                of_now.context("a test was skipped before one started")?.skipped.insert((test, reason));
            }
            Message::Doctor(answer) => {
                of_now.context("the doctor answered before it was asked")?.note_doctor(&answer)?;
            }
            Message::Refusal { name, met, took_ms } => {
                progress.met(&name, &met, Duration::from_millis(took_ms));
                told.refusals.insert(name, met);
            }
            Message::Broken(error) => anyhow::bail!("the guest could not go on: {error}"),
            Message::Done => {
                progress.clear();
                return machine.stop();
            }
        }
    }
}

/// On a terminal, what is told of although it went well.
const SLOW: Duration = Duration::from_secs(10);

/// One line that is written over on a terminal, and no such line elsewhere.
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
            eprint!("{} {:>4.0} s  {} as {} ", self.version, self.start.elapsed().as_secs_f64(), run.target, run.user);
            drop(io::stderr().flush());
        }
    }

    /// A log shows each, so that one can see where it stands still.
    fn ended(&self, run: &Run, took: Duration) {
        if !self.is_terminal || took > SLOW {
            self.line(format_args!("ok {} as {}: {:.1} s", run.target, run.user, took.as_secs_f64()));
        }
    }

    fn met(&self, name: &str, met: &Met, took: Duration) {
        match met {
            Met::AsDocumented if self.is_terminal => {}
            Met::AsDocumented => self.line(format_args!("ok {name}: {:.1} s", took.as_secs_f64())),
            Met::NotHere(reason) => self.line(format_args!("not on this kernel: {name}: {reason}")),
            Met::Otherwise(how) => self.line(format_args!("{} {name}: {how}", BAD.paint("failed"))),
        }
    }

    fn clear(&self) {
        if self.is_terminal {
            eprint!("\r\u{1b}[K");
        }
    }

    fn line(&self, text: std::fmt::Arguments<'_>) {
        self.clear();
        eprintln!("{} {text}", self.version);
    }
}

/// Prints the tables and says whether all is well; of a selection of tests it is not asked what they leave out.
fn report(told: &[Told], whole: bool) -> bool {
    println!("\n{}", report::counts_table(told));
    println!("\n{}", report::requirements_table(told));
    if let Some(table) = report::refusals_table(told) {
        println!("\n{table}");
    }
    for skip in report::skips(told) {
        println!("{} {skip}", NOTABLE.paint("skipped"));
    }
    let mut good = told.iter().all(Told::is_good);
    for told in told {
        for failure in &told.failures {
            println!("{} {}: {failure}", BAD.paint("failed"), told.version);
        }
        for (name, how) in told.wrong_refusals() {
            println!("{} {}: {name}: {how}", BAD.paint("not as documented"), told.version);
        }
    }
    // On one kernel, a skip is what its name says; over a matrix it is a test that never runs.
    if told.len() > 1 {
        let nowhere = report::met_nowhere(told);
        if !nowhere.is_empty() {
            println!(
                "{} on every kernel of this matrix: {}",
                BAD.paint("not met"),
                nowhere.into_iter().collect::<Vec<_>>().join(", ")
            );
            good = false;
        }
        for name in report::refused_nowhere(told) {
            println!("{} by every kernel of this matrix: {name}", BAD.paint("not refused"));
            good = false;
        }
        for (test, reason) in report::skipped_everywhere(told) {
            println!("{} on every kernel of this matrix: {test}: {reason}", BAD.paint("skipped"));
            good &= !whole;
        }
    }
    println!(
        "{}",
        if good { GOOD.paint("vm-test passed").to_string() } else { BAD.paint("vm-test failed").to_string() }
    );
    good
}
