//! What an empty `#[netns_test]` costs, against the floor of the same run, and what the zygote holds.
//!
//! The test is what the attribute would have made of an empty function, because the attribute makes tests only, and this
//! is a program. Every kind is measured in turns with the floor, so that a machine that slows down slows down both.

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
    /// Print nothing but the times of tests for which no child was prepared, in nanoseconds. The fixtures take the word for
    /// libtest's and prepare none.
    #[arg(long, hide = true)]
    exact: bool,
}

runtime::zygote!();

static EMPTY: runtime::Declaration = runtime::Declaration {
    module_path: module_path!(),
    function: "empty",
    deadline: Some(Duration::from_secs(30)),
    requires: &[],
    hostname: None,
    should_panic: runtime::ShouldPanic::No,
    body: |_| Ok(ExitCode::SUCCESS),
};

/// How long the child that was prepared ahead has to make itself ready: about ten times what it takes.
const TIME_TO_PREPARE: Duration = Duration::from_millis(10);

const MEANING: &str = "\
prepared: the child had the time to be ready; back_to_back: one test right after the other;
unprepared: the first test of a process, as under nextest; *_2_threads, 1000_tests: wall time by tests,
against the floor at two threads; pss: the zygote's share of memory, rss: with what it shares";

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let samples = options.samples as usize;
    if options.exact {
        for time in (0..samples).map(|_| timed(one_test)) {
            println!("{}", time?.as_nanos());
        }
        return Ok(());
    }
    let mut figures = Vec::new();
    one_after_the_other(samples, &mut figures)?;
    side_by_side(samples, &mut figures)?;
    memory(&mut figures)?;
    report::print(&figures, options.json, MEANING)?;
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "measured in the same way as the floor, which can fail")]
fn one_test() -> io::Result<()> {
    // A failure unwinds, and ends the bench.
    runtime::run(&EMPTY);
    Ok(())
}

fn timed(operation: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let start = Instant::now();
    operation()?;
    Ok(start.elapsed())
}

/// Latencies on one thread.
fn one_after_the_other(samples: usize, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let (mut floors, mut prepared, mut back_to_back) = (Vec::new(), Vec::new(), Vec::new());
    one_test()?;
    for _ in 0..samples {
        // The pause is before both: a processor that slept wakes as slowly for the one as for the other.
        thread::sleep(TIME_TO_PREPARE);
        floors.push(timed(floor).context("the floor needs user namespaces")?);
        thread::sleep(TIME_TO_PREPARE);
        prepared.push(timed(one_test)?);
    }
    for _ in 0..samples {
        back_to_back.push(timed(one_test)?);
    }
    let floor = Figure::of_times("isolation/floor", &floors, None);
    let prepared = Figure::of_times("isolation/prepared", &prepared, Some(&floor)).at_most(1.3);
    let back_to_back = Figure::of_times("isolation/back_to_back", &back_to_back, Some(&floor));
    let unprepared = Figure::of_times("isolation/unprepared", &unprepared(samples)?, Some(&floor));
    figures.extend([floor, prepared, back_to_back, unprepared]);
    Ok(())
}

fn unprepared(samples: usize) -> anyhow::Result<Vec<Duration>> {
    let measured = Command::new(std::env::current_exe()?)
        .args(["--exact", "--samples"])
        .arg(samples.to_string())
        .output()
        .context("failed to start this program again")?;
    ensure!(measured.status.success(), "unprepared: {}", String::from_utf8_lossy(&measured.stderr));
    let text = String::from_utf8(measured.stdout)?;
    text.lines().map(|line| Ok(Duration::from_nanos(line.parse()?))).collect()
}

/// Throughput of two threads, as wall time by tests, in rounds.
fn side_by_side(samples: usize, figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    const ROUNDS: usize = 10;
    let each = (samples / ROUNDS).max(1);
    let (mut floors, mut tests) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        floors.push(two_threads(each, floor)?);
        tests.push(two_threads(each, one_test)?);
    }
    let floor = Figure::of_times("isolation/floor_2_threads", &floors, None);
    let tests = Figure::of_times("isolation/throughput_2_threads", &tests, Some(&floor)).at_most(1.6);
    let thousand = Figure::of_times("isolation/1000_tests", &thousand_tests()?, Some(&floor));
    figures.extend([floor, tests, thousand]);
    Ok(())
}

/// The wall time of `2 * each` operations on two threads, by operation.
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

/// The wall time by test of a test binary with a thousand tests, at two threads, with libtest's start and end.
fn thousand_tests() -> anyhow::Result<Vec<Duration>> {
    const RUNS: usize = 3;
    let binary = build_thousand()?;
    (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let ran = Command::new(&binary).args(["--quiet", "--test-threads", "2"]).output()?;
            let took = start.elapsed();
            let report = String::from_utf8_lossy(&ran.stdout);
            let all_passed = ran.status.success() && report.contains("1000 passed");
            let errors = String::from_utf8_lossy(&ran.stderr);
            ensure!(all_passed, "a thousand tests did not pass: {}\n{report}{errors}", ran.status);
            Ok(took / 1000)
        })
        .collect()
}

fn build_thousand() -> anyhow::Result<String> {
    let cargo = std::env::var_os("CARGO").context("no CARGO: start this by `cargo xtask bench isolation`")?;
    let built = Command::new(cargo)
        .args(["test", "--release", "--quiet", "--no-run", "--test", "thousand", "--message-format", "json"])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .context("failed to start cargo")?;
    ensure!(built.status.success(), "the thousand tests did not build: {}", String::from_utf8_lossy(&built.stderr));
    let text = String::from_utf8(built.stdout)?;
    // The program that measures is built with the tests of its package, and named as well.
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "thousand")
        .find_map(|message| message["executable"].as_str().map(str::to_owned))
        .context("cargo names no executable")
}

/// What the zygote holds: the child of this process that is a copy of it and no namespace's pid 1.
fn memory(figures: &mut Vec<Figure>) -> anyhow::Result<()> {
    let zygote = zygote().context("there is no zygote to be found")?;
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
    // Children that were cloned for other threads as well; source: proc_pid_task_tid_children(5).
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
