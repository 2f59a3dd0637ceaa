//! Measures the cost of an empty `#[netns_test]` against the floor of the same run, and the memory of the zygote.
//!
//! The attribute only makes tests, and this is a program, so the bench contains the attribute's expansion of an empty function. Each kind
//! of test alternates with the floor, so that a slow machine slows down both.

mod floor;

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

/// The number of turns of the measurements that have many operations in each.
const ROUNDS: usize = 10;

/// The time for the prepared child to finish its setup: about ten times its usual duration.
const TIME_TO_PREPARE: Duration = Duration::from_millis(10);

const MEANING: &str = "\
prepared: the child had the time to be ready; back_to_back: one test right after the other;
cpu: CPU time of one of them on all cores, without the kernel's own threads, against the floor's;
thread: a thread that ends at once, which is all that a plain #[test] is; unshare: this program started
again by `unshare` in the same namespaces, as a test that isolates itself does; gateflow: 0.1.2, which forks into
a user and a network namespace of its own, with `lo` up, and has neither mounts, nor pid 1, nor a deadline;
unprepared: the first test of a process, as under nextest; *_2_threads, 1000_tests: wall time by tests,
against the floor at two threads; large: in a binary of 200 MB with 50,000 relocations; 16_threads: with the two
zygotes of that number; pss: the zygote's share of memory, rss: with what it shares";

/// The largest spread of the floor (95th percentile to median) on a quiet machine.
const QUIET_SPREAD: f64 = 3.0;

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
    let load_before = load()?;
    let mut figures = Vec::new();
    one_after_the_other(samples, &mut figures)?;
    side_by_side(samples, &mut figures)?;
    memory(&mut figures)?;
    report::print(&figures, options.json, MEANING)?;
    let spread = figures[0].p95 / figures[0].median;
    let cores = f64::from(u32::try_from(thread::available_parallelism()?.get())?);
    if load_before > cores / 2.0 || spread > QUIET_SPREAD {
        eprintln!(
            "warning: the machine is busy: the load was {load_before} on {cores} cores, and the floor's p95 is {spread:.1} times its \
             median (quiet: at most {QUIET_SPREAD}); compare only the ratio of CPU times"
        );
    }
    Ok(())
}

/// Returns the mean number of processes that wanted to run in the last minute; source: proc_loadavg(5).
fn load() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("failed to read /proc/loadavg")?;
    text.split_whitespace().next().context("an empty loadavg")?.parse().context("no number in loadavg")
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

/// Measures latencies on one thread, in turns.
fn one_after_the_other(samples: usize, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    one_test()?;
    let ways: [fn() -> io::Result<()>; 5] = [floor, one_test, one_thread, one_unshare, one_gateflow];
    let mut times = ways.map(|_| Vec::new());
    for _ in 0..samples {
        for (way, times) in ways.iter().zip(&mut times) {
            // The pause comes before each: a processor that slept wakes equally slowly for all.
            thread::sleep(TIME_TO_PREPARE);
            times.push(timed(way)?);
        }
    }
    let mut back_to_back = Vec::new();
    let (mut cpu_of_floors, mut cpu_of_tests) = (Vec::new(), Vec::new());
    let zygote = zygote().context("this process has no zygote")?;
    let each = (samples / ROUNDS).max(1);
    for _ in 0..ROUNDS {
        cpu_of_floors.push(cpu_each(zygote, each, || floor().map_err(Into::into))?);
        cpu_of_tests.push(cpu_each(zygote, each, || {
            back_to_back.push(timed(one_test)?);
            Ok(())
        })?);
    }
    let [floors, prepared, threads, unshared, gateflow] = times;
    let floor = Figure::of_times("isolation/floor", &floors, None);
    let prepared = Figure::of_times("isolation/prepared", &prepared, Some(&floor)).at_most(0.6);
    let back_to_back = Figure::of_times("isolation/back_to_back", &back_to_back, Some(&floor)).at_most(1.1);
    let unprepared = Figure::of_times("isolation/unprepared", &unprepared(samples)?, Some(&floor)).at_most(1.5);
    let thread = Figure::of_times("isolation/thread", &threads, Some(&floor));
    let unshare = Figure::of_times("isolation/unshare", &unshared, Some(&floor));
    let gateflow = Figure::of_times("isolation/gateflow", &gateflow, Some(&floor));
    let cpu_of_floor = Figure::of_times("isolation/floor_cpu", &cpu_of_floors, None);
    let cpu_of_test = Figure::of_times("isolation/cpu", &cpu_of_tests, Some(&cpu_of_floor));
    figures.extend([floor, prepared, back_to_back, unprepared, thread, unshare, gateflow, cpu_of_floor, cpu_of_test]);
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

/// Starts this program again for each test, so that each is the first one of its process.
fn unprepared(samples: usize) -> anyhow::Result<Vec<Duration>> {
    let program = std::env::current_exe()?;
    let one = |_| {
        thread::sleep(TIME_TO_PREPARE);
        let measured = Command::new(&program).arg("--exact").output().context("failed to start this program again")?;
        ensure!(measured.status.success(), "unprepared: {}", String::from_utf8_lossy(&measured.stderr));
        Ok(Duration::from_nanos(String::from_utf8(measured.stdout)?.trim().parse()?))
    };
    (0..samples).map(one).collect()
}

/// Measures the throughput of two threads, as wall time a test, in rounds.
fn side_by_side(samples: usize, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let each = (samples / ROUNDS).max(1);
    let (mut floors, mut tests) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floors.push(two_threads(each, floor)?);
        tests.push(two_threads(each, one_test)?);
    }
    let floor = Figure::of_times("isolation/floor_2_threads", &floors, None);
    let tests = Figure::of_times("isolation/throughput_2_threads", &tests, Some(&floor)).at_most(1.3);
    let thousand =
        Figure::of_times("isolation/1000_tests", &thousand_tests("thousand", "2")?, Some(&floor)).at_most(1.3);
    let many = Figure::of_times("isolation/1000_tests_16_threads", &thousand_tests("thousand", "16")?, Some(&floor));
    let large = Figure::of_times("isolation/1000_tests_large", &thousand_tests("large", "2")?, Some(&floor));
    figures.extend([floor, tests, thousand, many, large]);
    Ok(())
}

/// Returns the wall time of `2 * each` operations on two threads, divided by their number.
fn two_threads(each: usize, operation: fn() -> io::Result<()>) -> anyhow::Result<Duration> {
    let start = Instant::now();
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(move || (0..each).try_for_each(|_| operation())));
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow::anyhow!("a test failed"))?.context("floor"))
    })?;
    Ok(start.elapsed() / u32::try_from(2 * each)?)
}

/// Returns the wall time a test of this test binary with a thousand tests, including libtest's start and end.
fn thousand_tests(target: &str, threads: &str) -> anyhow::Result<Vec<Duration>> {
    const RUNS: usize = 3;
    let binary = build(target)?;
    (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let ran = Command::new(&binary).args(["--quiet", "--test-threads", threads]).output()?;
            let took = start.elapsed();
            let report = String::from_utf8_lossy(&ran.stdout);
            let all_passed = ran.status.success() && report.contains("1000 passed");
            let errors = String::from_utf8_lossy(&ran.stderr);
            ensure!(all_passed, "a thousand tests did not pass: {}\n{report}{errors}", ran.status);
            Ok(took / 1000)
        })
        .collect()
}

fn build(target: &str) -> anyhow::Result<String> {
    let cargo = std::env::var_os("CARGO").context("no CARGO: start this by `cargo xtask bench isolation`")?;
    let built = Command::new(cargo)
        .args(["test", "--release", "--quiet", "--no-run", "--test", target, "--message-format", "json"])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .context("failed to start cargo")?;
    ensure!(built.status.success(), "the thousand tests did not build: {}", String::from_utf8_lossy(&built.stderr));
    let text = String::from_utf8(built.stdout)?;
    // cargo also lists the measuring program, which belongs to the same package.
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == target)
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .context("cargo names no executable")
}

/// Measures the memory of the zygote: the child that is a copy of this process and not the pid 1 of a namespace.
fn memory(figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let zygote = zygote().context("this process has no zygote")?;
    let rollup = fs::read_to_string(format!("/proc/{zygote}/smaps_rollup")).context("failed to read smaps_rollup")?;
    let kib = |field: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(field)).with_context(|| format!("no {field}"))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().context("no number")
    };
    figures.push(Figure::of_value("isolation/zygote_pss", "KiB", kib("Pss:")?));
    figures.push(Figure::of_value("isolation/zygote_rss", "KiB", kib("Rss:")?));
    Ok(())
}

fn zygote() -> Option<u32> {
    let own_namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    let me = std::process::id();
    // Includes children that were cloned for other threads; source: proc_pid_task_tid_children(5).
    let children = fs::read_dir("/proc/self/task")
        .ok()?
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    children
        .into_iter()
        .filter(|&pid| pid != me)
        .find(|pid| fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|namespace| namespace == own_namespace))
}
