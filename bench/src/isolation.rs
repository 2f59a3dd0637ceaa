//! Measures the cost of an empty `#[netns_test]` against the floor of the same run, and the memory of the zygote.
//!
//! The attribute only makes tests, and this is a program, so the bench contains the attribute's expansion of an empty function. Each
//! measurement alternates with its floor, so that a slow machine slows down both.

mod floor;
mod least;

use std::fs;
use std::io;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use netns_fixtures::__private as runtime;

use floor::floor;
use netns_bench::cpu;
use netns_bench::quiet::Before;
use netns_bench::report::{self, Figure};

/// Measures the isolation of netns-fixtures.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench isolation")]
struct Options {
    /// Print one JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// How often each is measured.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    samples: u32,
    /// Print only the time of the first test of the process, in nanoseconds. The fixtures take the argument for libtest's and do not
    /// prepare a child.
    #[arg(long, hide = true)]
    exact: bool,
    /// Exit at once. The fixtures take the argument for libtest's and do not start a zygote.
    #[arg(long, hide = true)]
    list: bool,
}

runtime::zygote!(EMPTY);

static EMPTY: runtime::Declaration = runtime::Declaration {
    module_path: module_path!(),
    function: "empty",
    deadline: Some(Duration::from_secs(30)),
    requires: &[],
    hostname: None,
    should_panic: runtime::ShouldPanic::No,
    body: |_| Ok(ExitCode::SUCCESS),
};

/// The turns of the measurements that have many operations in each.
const ROUNDS: usize = 10;

/// The operations of a turn.
const OPERATIONS: usize = 50;

/// The operations before them that are not measured: the first tests take the children that were prepared during the turns of others.
const FIRST_OPERATIONS: usize = 4;

/// The time for the prepared child to finish its setup: about ten times its usual duration.
const TIME_TO_PREPARE: Duration = Duration::from_millis(10);

const MEANING: &str = "\
prepared: the child had the time to be ready; back_to_back: one test right after the other;
cpu: CPU time of one of them on all cores, without the kernel's own threads, against the floor's;
thread: a thread that ends at once, which is all that a plain #[test] is; unshare: this program started
again by `unshare` in the same namespaces, as a test that isolates itself does; gateflow: 0.1.2, which forks into
a user and a network namespace of its own, with `lo` up, and has neither mounts, nor pid 1, nor a deadline;
least: what the kernel alone needs for a prepared test (two processes, mounts, nothing else); step_*: its preparation, after
`clone3`; least_2_threads: both, the bound of what follows it; unprepared: the first test of a process, as under nextest; process: the whole process of one test, as nextest starts it, against
plain_process, the same with a plain #[test]; *_2_threads, 1000_tests: wall time by tests,
against the floor at two threads; large: in a binary of 200 MB with 50,000 relocations; 16_threads: with the two
zygotes of that number; pss: the share of memory of the zygote and of the two processes of a child that waits, rss: with what each shares";

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let samples = options.samples as usize;
    if options.list {
        return Ok(());
    }
    if options.exact {
        println!("{}", timed(one_test)?.as_nanos());
        return Ok(());
    }
    let before = Before::read()?;
    let mut figures = Vec::new();
    one_after_the_other(samples, &mut figures)?;
    side_by_side(&mut figures)?;
    memory(&mut figures)?;
    report::print(&figures, options.json, MEANING)?;
    before.warn_if_busy(&figures[0]);
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "measured in the same way as the floor, which can fail")]
fn one_test() -> io::Result<()> {
    // A failure unwinds and ends the bench.
    runtime::run(&EMPTY);
    Ok(())
}

fn timed(operation: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let start = Instant::now();
    operation()?;
    Ok(start.elapsed())
}

/// A kind of operation that is measured.
struct Way {
    name: &'static str,
    run: fn() -> io::Result<()>,
    target: Option<f64>,
    /// The reason why it does not run here.
    refused: Option<String>,
    times: Vec<Duration>,
    cpu: Vec<Duration>,
}

impl Way {
    /// Ours: an error ends the bench.
    fn ours(name: &'static str, run: fn() -> io::Result<()>, target: Option<f64>) -> Self {
        Self { name, run, target, refused: None, times: Vec::new(), cpu: Vec::new() }
    }

    /// A peer: if it fails on this machine, its row names the error.
    fn peer(name: &'static str, run: fn() -> io::Result<()>) -> Self {
        Self { refused: run().err().map(|error| error.to_string()), ..Self::ours(name, run, None) }
    }

    fn wall(&self, floor: &Figure) -> Figure {
        let name = format!("isolation/{}", self.name);
        let figure = match &self.refused {
            Some(reason) => Figure::of_nothing(&name, reason.clone()),
            None => Figure::of_times(&name, &self.times, Some(floor)),
        };
        Figure { target: self.target, ..figure }
    }

    fn cpu(&self, name: &str, floor: &Figure) -> Option<Figure> {
        self.refused.is_none().then(|| Figure::of_times(&format!("isolation/{name}"), &self.cpu, Some(floor)))
    }
}

/// Measures latencies on one thread, in turns.
fn one_after_the_other(samples: usize, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    one_test()?;
    let [plain, one] = [build("plain")?, build("one")?];
    let [mut floors, mut prepared] = [Way::ours("floor", floor, None), Way::ours("prepared", one_test, Some(0.6))];
    let mut thread = Way::ours("thread", one_thread, None);
    let mut peers = [Way::peer("unshare", one_unshare), Way::peer("gateflow", one_gateflow)];
    let (mut first, mut plain_processes, mut processes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut least, mut steps) = (Vec::new(), least::STEPS.map(|_| Vec::new()));
    for _ in 0..samples {
        let ways = [&mut floors, &mut prepared, &mut thread].into_iter().chain(&mut peers);
        for way in ways.filter(|way| way.refused.is_none()) {
            // The pause comes before each: a processor that slept wakes equally slowly for all.
            thread::sleep(TIME_TO_PREPARE);
            way.times.push(timed(way.run)?);
        }
        let waiting = least::prepare()?;
        steps.iter_mut().zip(waiting.steps).for_each(|(steps, step)| steps.push(step));
        thread::sleep(TIME_TO_PREPARE);
        least.push(timed(|| waiting.dispatch())?);
        thread::sleep(TIME_TO_PREPARE);
        first.push(first_of_a_process()?);
        for (program, times) in [(&plain, &mut plain_processes), (&one, &mut processes)] {
            thread::sleep(TIME_TO_PREPARE);
            times.push(timed(|| one_process(program))?);
        }
    }
    let mut back_to_back = Way::ours("back_to_back", one_test, Some(1.1));
    let zygote = zygote().context("this process has no zygote")?;
    for _ in 0..ROUNDS {
        let ways = [&mut floors, &mut back_to_back, &mut thread].into_iter().chain(&mut peers);
        for way in ways.filter(|way| way.refused.is_none()) {
            let mut times = Vec::new();
            (0..FIRST_OPERATIONS).try_for_each(|_| (way.run)())?;
            way.cpu.push(cpu_each(zygote, OPERATIONS, || {
                times.push(timed(way.run)?);
                Ok(())
            })?);
            if way.name == "back_to_back" {
                way.times.extend(times);
            }
        }
    }
    let floor = Figure::of_times("isolation/floor", &floors.times, None);
    let cpu_of_floor = Figure::of_times("isolation/floor_cpu", &floors.cpu, None);
    let plain_process = Figure::of_times("isolation/plain_process", &plain_processes, None);
    let process = Figure::of_times("isolation/process", &processes, Some(&plain_process));
    let unprepared = Figure::of_times("isolation/unprepared", &first, Some(&floor)).at_most(1.5);
    let mut rows = vec![prepared.wall(&floor), back_to_back.wall(&floor), unprepared, thread.wall(&floor)];
    rows.extend(peers.iter().map(|peer| peer.wall(&floor)));
    rows.push(Figure::of_times("isolation/least", &least, Some(&floor)));
    rows.extend([plain_process, process]);
    let mut cpu = Vec::from_iter(back_to_back.cpu("cpu", &cpu_of_floor));
    cpu.extend(
        [&thread].into_iter().chain(&peers).filter_map(|way| way.cpu(&format!("{}_cpu", way.name), &cpu_of_floor)),
    );
    let steps = least::STEPS.iter().zip(&steps);
    let steps = steps.map(|(step, times)| Figure::of_times(&format!("isolation/step_{step}"), times, Some(&floor)));
    let steps: Vec<_> = steps.collect();
    figures.push(floor);
    figures.extend(rows);
    figures.push(cpu_of_floor);
    figures.extend(cpu);
    figures.extend(steps);
    Ok(())
}

/// Returns the CPU time of one of `each` operations.
fn cpu_each(zygote: u32, each: usize, mut operation: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let before = cpu::spent(zygote)?;
    for _ in 0..each {
        operation()?;
    }
    Ok(cpu::spent(zygote)?.saturating_sub(before) / u32::try_from(each)?)
}

fn one_thread() -> io::Result<()> {
    thread::spawn(|| {}).join().map_err(|_| io::Error::other("the thread panicked"))
}

/// Starts this program in the same namespaces by util-linux.
fn one_unshare() -> io::Result<()> {
    let status = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--mount-proc"])
        .arg(std::env::current_exe()?)
        .arg("--list")
        .status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("unshare {status}"))) }
}

/// Runs an empty function as gateflow does.
fn one_gateflow() -> io::Result<()> {
    match gateflow::netns::fork_and_enter(|| 0) {
        Ok(0) => Ok(()),
        ended => Err(io::Error::other(format!("gateflow: {ended:?}"))),
    }
}

/// Starts this program again, and returns the time of its first test.
fn first_of_a_process() -> anyhow::Result<Duration> {
    let program = std::env::current_exe()?;
    let measured = Command::new(&program).arg("--exact").output().context("failed to start this program again")?;
    ensure!(measured.status.success(), "unprepared: {}", String::from_utf8_lossy(&measured.stderr));
    Ok(Duration::from_nanos(String::from_utf8(measured.stdout)?.trim().parse()?))
}

/// Runs the test `empty` of a test binary as nextest does.
fn one_process(program: &str) -> io::Result<()> {
    let ran = Command::new(program).args(["--exact", "empty", "--nocapture"]).output()?;
    let passed = ran.status.success() && String::from_utf8_lossy(&ran.stdout).contains("1 passed");
    if passed { Ok(()) } else { Err(io::Error::other(format!("{program}: {ran:?}"))) }
}

/// Measures the throughput of two threads, as wall time a test, in rounds.
fn side_by_side(figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    /// Rounds with the runs of a thousand tests, which take longer.
    const LONG_ROUNDS: usize = 3;
    let [thousand, large] = [build("thousand")?, build("large")?];
    let (mut floors, mut tests, mut least) = (Vec::new(), Vec::new(), Vec::new());
    let runs =
        [("1000_tests", &thousand, "2"), ("1000_tests_16_threads", &thousand, "16"), ("1000_tests_large", &large, "2")];
    let mut times_of_runs = runs.map(|_| Vec::new());
    for round in 0..ROUNDS {
        floors.push(two_threads(floor)?);
        tests.push(two_threads(one_test)?);
        least.push(two_threads(|| least::prepare()?.dispatch())?);
        if round < LONG_ROUNDS {
            for ((_, binary, threads), times) in runs.iter().zip(&mut times_of_runs) {
                times.push(thousand_tests(binary, threads)?);
                floors.push(two_threads(floor)?);
            }
        }
    }
    let floor = Figure::of_times("isolation/floor_2_threads", &floors, None);
    let tests = Figure::of_times("isolation/throughput_2_threads", &tests, Some(&floor)).at_most(1.3);
    let of_runs = runs.iter().zip(&times_of_runs).map(|((name, ..), times)| {
        let figure = Figure::of_times(&format!("isolation/{name}"), times, Some(&floor));
        if *name == "1000_tests" { figure.at_most(1.3) } else { figure }
    });
    let of_runs: Vec<_> = of_runs.collect();
    let least = Figure::of_times("isolation/least_2_threads", &least, Some(&floor));
    figures.extend([floor, tests, least]);
    figures.extend(of_runs);
    Ok(())
}

/// Returns the wall time of an operation while two threads run [`OPERATIONS`] each: the time of all, divided by their number.
fn two_threads(operation: fn() -> io::Result<()>) -> anyhow::Result<Duration> {
    (0..FIRST_OPERATIONS).try_for_each(|_| operation())?;
    let start = Instant::now();
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(move || (0..OPERATIONS).try_for_each(|_| operation())));
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a test failed"))?.context("floor"))
    })?;
    Ok(start.elapsed() / u32::try_from(2 * OPERATIONS)?)
}

/// Returns the wall time a test of this test binary with a thousand tests, including libtest's start and end.
fn thousand_tests(binary: &str, threads: &str) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let ran = Command::new(binary).args(["--quiet", "--test-threads", threads]).output()?;
    let took = start.elapsed();
    let report = String::from_utf8_lossy(&ran.stdout);
    let all_passed = ran.status.success() && report.contains("1000 passed");
    let errors = String::from_utf8_lossy(&ran.stderr);
    ensure!(all_passed, "a thousand tests did not pass: {}\n{report}{errors}", ran.status);
    Ok(took / 1000)
}

fn build(target: &str) -> anyhow::Result<String> {
    let cargo = std::env::var_os("CARGO").context("no CARGO: start this by `cargo xtask bench isolation`")?;
    let built = Command::new(cargo)
        .args(["test", "--release", "--quiet", "--no-run", "--test", target, "--message-format", "json"])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .context("failed to start cargo")?;
    ensure!(built.status.success(), "the tests did not build: {}", String::from_utf8_lossy(&built.stderr));
    let text = String::from_utf8(built.stdout)?;
    // cargo also lists the measuring program, which belongs to the same package.
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == target)
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .context("cargo names no executable")
}

/// Measures the memory of the zygote and of the two processes of a child that waits.
fn memory(figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    // Until the children that are prepared ahead wait.
    thread::sleep(TIME_TO_PREPARE * 10);
    let zygote = zygote().context("this process has no zygote")?;
    let first = children_of("self")?.into_iter().find(|&pid| !shares_pid_namespace(pid)).context("no child waits")?;
    let body =
        children_of(&first.to_string())?.first().copied().context("the child that waits has no body's process")?;
    for (name, pid) in [("zygote", zygote), ("waiting_pid_1", first), ("waiting_pid_2", body)] {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("failed to read smaps_rollup")?;
        for (field, column) in [("pss", "Pss:"), ("rss", "Rss:")] {
            let line =
                rollup.lines().find_map(|line| line.strip_prefix(column)).with_context(|| format!("no {column}"))?;
            let kib = line.trim().trim_end_matches(" kB").parse().context("no number")?;
            figures.push(Figure::of_value(&format!("isolation/{name}_{field}"), "KiB", kib));
        }
    }
    Ok(())
}

/// Returns the zygote: the child that is a copy of this process and not the pid 1 of a namespace.
fn zygote() -> Option<u32> {
    children_of("self").ok()?.into_iter().find(|&pid| shares_pid_namespace(pid))
}

fn shares_pid_namespace(pid: u32) -> bool {
    let of = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid"));
    of("self").is_ok_and(|own| of(&pid.to_string()).is_ok_and(|namespace| namespace == own))
}

/// Returns the children of a process, also those that were cloned for other threads; source: `proc_pid_task_tid_children(5)`.
fn children_of(process: &str) -> anyhow::Result<Vec<u32>> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).context("failed to read the threads of a process")?;
    let children = tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    Ok(children
        .flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect())
}
