//! Nothing is left behind: not after a pass, a failure or a deadline, and not after a SIGKILL of the runner at any moment.
//!
//! Everything happens in the namespaces of this test, so the kernel's counts cover this test alone: the processes of its pid namespace, the
//! namespaces charged to its user namespace, the mounts of its mount namespace, the files of its folder.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Seek, Write};
use std::ops::ControlFlow::{Break, Continue};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::config::Setting;
use netns_fixtures::prelude::*;
use netns_tests::suite::{Suite, User};
use nix::mount::{MsFlags, mount, umount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The number of kills of the runner. Emulated machines are about ten times slower.
static KILLS: Setting<u64> = Setting::integer("NETNS_KILLS", "how often the runner is killed", 500, 1..=100_000);

/// The number of processes that the chaos test kills. `cargo xtask chaos` kills 2,000.
static CHAOS_KILLS: Setting<u64> =
    Setting::integer("NETNS_CHAOS_KILLS", "how many processes of test runs are killed", 100, 1..=100_000);

/// The kinds of namespaces, and the number of each that this test itself charges to its user namespace: its own five. The user namespace is
/// charged to its parent; source: user_namespaces(7), namespaces(7).
const KINDS: [(&str, u32); 6] = [("user", 0), ("net", 1), ("mnt", 1), ("pid", 1), ("ipc", 1), ("uts", 1)];

/// More of each kind than a run needs, and enough for a runner to prepare children ahead (docs/performance.md).
const ENOUGH: u32 = 1_000;

/// Two parallel tests, the two hosts of one of them, and two more: too few for a runner to prepare children ahead.
const HARDLY_ENOUGH: u32 = 6;

/// Leftovers other than namespaces.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    /// Processes of this pid namespace other than this one and pid 1, by id.
    processes: BTreeMap<u32, String>,
    mounts: usize,
    /// The entries of the folder for temporary files.
    files: Vec<String>,
}

impl Count {
    fn take(folder: &Path) -> TestResult<Self> {
        let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        Ok(Self {
            processes: processes()?,
            mounts: fs::read_to_string("/proc/self/mountinfo")?.lines().count(),
            files: files.collect::<TestResult<_>>()?,
        })
    }
}

/// Allows this user namespace `more` namespaces of each kind in addition to its own.
fn allow_namespaces(more: u32) -> TestResult {
    for (kind, own) in KINDS {
        fs::write(format!("/proc/sys/user/max_{kind}_namespaces"), (own + more).to_string())?;
    }
    Ok(())
}

/// Returns whether no namespace of any kind is left: with one more allowed, one of each can be created. The kernel counts for the limit, so
/// the test asks the kernel: an unreachable namespace is in no list.
fn no_namespace_is_left() -> TestResult<bool> {
    allow_namespaces(1)?;
    let made = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--pid", "--ipc", "--uts", "--fork", "--", "true"])
        .output()?;
    allow_namespaces(ENOUGH)?;
    let errors = String::from_utf8_lossy(&made.stderr);
    if !made.status.success() && !errors.contains("No space left on device") {
        return Err(errors.into());
    }
    Ok(made.status.success())
}

fn processes() -> TestResult<BTreeMap<u32, String>> {
    let mut processes = BTreeMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if pid == 1 || pid == std::process::id() {
            continue;
        }
        // The process may have exited since the listing.
        if let Ok(stat) = fs::read_to_string(entry.path().join("stat")) {
            processes.insert(pid, stat.split_whitespace().skip(1).take(2).collect::<Vec<_>>().join(" "));
        }
    }
    Ok(processes)
}

/// Returns the time until all processes are gone; the kernel finishes a killed process later.
fn until_no_process_is_left(before: &Count, folder: &Path) -> TestResult<Duration> {
    let start = Instant::now();
    wait_until(Deadline::after(Duration::from_secs(20)), Duration::from_millis(1), || match processes() {
        Ok(processes) if processes.is_empty() => Break(()),
        Ok(processes) => Continue(format!("{processes:?}")),
        Err(error) => Continue(format!("{error:#}")),
    })?;
    let gone_after = start.elapsed();
    assert_eq!(Count::take(folder)?, *before);
    Ok(gone_after)
}

/// The kernel destroys namespaces in the background, after their last process.
fn until_no_namespace_is_left() -> TestResult {
    wait_until(Deadline::after(Duration::from_secs(60)), Duration::from_millis(10), || match no_namespace_is_left() {
        Ok(true) => Break(()),
        Ok(false) => Continue("there is a namespace more than there should be".to_owned()),
        Err(error) => Continue(format!("{error:#}")),
    })?;
    Ok(())
}

fn runner(suite: &Suite, folder: &Path) -> TestResult<Command> {
    let mut runner = suite.libtest(User::Caller)?;
    runner.args(["--test-threads", "2"]).env("TMPDIR", folder).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(runner)
}

/// Returns the duration of a run without a kill, which is also the control.
fn whole_run(suite: &Suite, folder: &Path) -> TestResult<Duration> {
    let start = Instant::now();
    assert_eq!(runner(suite, folder)?.status()?.code(), Some(101), "nobody kills it");
    Ok(start.elapsed())
}

/// Maps a number to a moment of a run: the golden ratio spreads the moments, so that they cover every stretch, and each run of this test
/// uses the same ones.
fn moment(number: u32, length: Duration) -> Duration {
    length.mul_f64((f64::from(number) * 0.618_033_988_749_894_9).fract())
}

#[netns_test(deadline = "10m")]
fn nothing_is_left_when_the_runner_is_killed_at_any_moment() -> TestResult {
    let suite = Suite::build("mixed")?;
    until_no_namespace_is_left()?;
    let folder = tempfile::tempdir()?;
    let before = Count::take(folder.path())?;
    assert!(before.processes.is_empty(), "{before:?}");
    let mut length = whole_run(&suite, folder.path())?;
    let kills = u32::try_from(KILLS.read()?)?;
    let (mut tries, mut killed, mut at_work, mut slowest) = (0, 0, 0, Duration::ZERO);
    while killed < kills {
        tries += 1;
        if tries % 25 == 0 {
            // Other work of the machine, such as another test of this file, changes the duration, and the moments must lie within a run.
            length = whole_run(&suite, folder.path())?;
        }
        assert!(tries < 4 * kills, "only {killed} of {tries} runners were alive at their moment");
        let mut running = runner(&suite, folder.path())?.spawn()?;
        // The moment is the varied parameter; this is not a wait.
        thread::sleep(moment(tries, length));
        // Beside the runner and the zygote there are processes of tests.
        let is_at_work = processes()?.len() > 2;
        running.kill()?;
        if running.wait()?.signal() == Some(9) {
            killed += 1;
            at_work += u32::from(is_at_work);
        }
        slowest = slowest.max(until_no_process_is_left(&before, folder.path())?);
    }
    until_no_namespace_is_left()?;
    println!(
        "{killed} runners were killed in the {length:?} of a run, {at_work} of them while tests were at work; left: 0 processes, \
         0 namespaces, 0 mounts, 0 files; the last process was gone {slowest:?} after its runner at most"
    );
    assert!(at_work > kills / 2, "only {at_work} runners had children");
    Ok(())
}

/// The role of a killed process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Runner,
    Zygote,
    PidOne,
    Body,
}

/// The order of kills: the runner is rarer, because its death ends the run.
const VICTIMS: [Role; 7] = [Role::PidOne, Role::Body, Role::Zygote, Role::Body, Role::PidOne, Role::Runner, Role::Body];

/// Returns the processes of a run by their roles: a pid 1 and a body also have pids of a second pid namespace; source: `NSpid` in
/// proc_pid_status(5).
fn by_role(runner: u32) -> TestResult<Vec<(u32, Role)>> {
    let mut found = vec![(runner, Role::Runner)];
    for &pid in processes()?.keys().filter(|&&pid| pid != runner) {
        // The process may have exited since the listing.
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
        match numbers.split_whitespace().skip(1).collect::<Vec<_>>()[..] {
            [] => found.push((pid, Role::Zygote)),
            ["1"] => found.push((pid, Role::PidOne)),
            ["2"] => found.push((pid, Role::Body)),
            // A process that a body started.
            _ => {}
        }
    }
    Ok(found)
}

/// Keeps a processor and some memory busy until `stop` is set.
fn press(stop: &AtomicBool) {
    const BYTES: usize = 128 * 1024 * 1024;
    const PAGE: usize = 4096;
    while !stop.load(Ordering::Relaxed) {
        let mut memory = vec![0_u8; BYTES];
        for page in memory.chunks_mut(PAGE) {
            page[0] = page[0].wrapping_add(1);
        }
        std::hint::black_box(&memory);
    }
}

/// Kills any process of a run at any moment, several in one run, while processors and memory are busy. In two of four runs the limit hardly
/// exceeds the namespaces that the run needs, and no child is prepared ahead; in the others children wait. In every second run failed tests
/// are paused, for longer than a run may take: each pause ends by a kill. Each run ends within a bound, and leaves nothing behind.
#[netns_test(deadline = "1h")]
fn nothing_is_left_when_anything_is_killed_under_pressure() -> TestResult {
    let suite = Suite::build("mixed")?;
    until_no_namespace_is_left()?;
    let folder = tempfile::tempdir()?;
    let before = Count::take(folder.path())?;
    let mut printed_at_pauses = tempfile::tempfile()?;
    let kills = CHAOS_KILLS.read()?;
    // The moments scale with the duration of a run, so that they also fit an emulated machine.
    let longest_pause = whole_run(&suite, folder.path())? / 10;
    let stop = AtomicBool::new(false);
    let mut killed: BTreeMap<Role, u64> = BTreeMap::new();
    let (mut runs, mut steps) = (0_u64, 0_u32);
    // The most processes of the role pid 1 at one time, at each limit.
    let mut most: BTreeMap<u32, usize> = BTreeMap::new();
    let start = Instant::now();
    thread::scope(|scope| {
        // The pressure also ends if a later step fails.
        let _stop = StopOnDrop(&stop);
        for _ in 0..2 {
            scope.spawn(|| press(&stop));
        }
        // A busy machine may hide for some runs what they are to show.
        let has_seen_all = |killed: &BTreeMap<Role, u64>, most: &BTreeMap<u32, usize>| {
            killed.len() == 4 && most.get(&ENOUGH).is_some_and(|&most| most > 2)
        };
        while killed.values().sum::<u64>() < kills || !has_seen_all(&killed, &most) {
            assert!(runs < 20 * kills, "{runs} runs for {killed:?}, with at most {most:?} of pid 1 by limit");
            runs += 1;
            let limit = if runs % 4 < 2 { HARDLY_ENOUGH } else { ENOUGH };
            allow_namespaces(limit)?;
            let mut runner = runner(&suite, folder.path())?;
            if runs % 2 == 0 {
                runner.envs([("NETNS_TEST_PAUSE", "failure"), ("NETNS_TEST_PAUSE_DEADLINE", "1h")]);
                runner.stderr(printed_at_pauses.try_clone()?);
            }
            let mut running = runner.spawn()?;
            let deadline = Deadline::after(Duration::from_secs(60));
            // On a slow machine the test would otherwise kill the runner again and again before any other process exists.
            let mut has_had_a_body = false;
            while running.try_wait()?.is_none() {
                assert!(!deadline.is_expired(), "a run did not end: {:?}", processes()?);
                steps += 1;
                // The moment is the varied parameter; this is not a wait.
                thread::sleep(moment(steps, longest_pause));
                let wanted = VICTIMS[steps as usize % VICTIMS.len()];
                let there = by_role(running.id())?;
                let tests = there.iter().filter(|(_, role)| *role == Role::PidOne).count();
                let most = most.entry(limit).or_default();
                *most = tests.max(*most);
                has_had_a_body |= there.iter().any(|(_, role)| *role == Role::Body);
                let is_spared = |role: Role| role == Role::Runner && !has_had_a_body;
                let victim = there.into_iter().find(|(_, role)| *role == wanted && !is_spared(*role));
                if let Some((pid, role)) = victim {
                    // ESRCH: the process has exited since the listing. Only this test has processes in this pid namespace.
                    if kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGKILL).is_ok() {
                        *killed.entry(role).or_default() += 1;
                    }
                }
            }
            until_no_process_is_left(&before, folder.path())?;
        }
        TestResult::Ok(())
    })?;
    until_no_namespace_is_left()?;
    let mut printed = String::new();
    printed_at_pauses.rewind()?;
    printed_at_pauses.read_to_string(&mut printed)?;
    let pauses = printed.lines().filter(|line| line.starts_with("paused: ")).count();
    println!(
        "{} processes of {runs} runs were killed in {:.0?} ({killed:?}) under pressure of two processors and 256 MiB, with children that \
         wait and at the limit of namespaces without (most pid 1 by limit: {most:?}), and {pauses} failed tests were paused; left: 0 \
         processes, 0 namespaces, 0 mounts, 0 files",
        killed.values().sum::<u64>(),
        start.elapsed()
    );
    assert_eq!(killed.len(), 4, "a role was never killed: {killed:?}");
    assert!(pauses > 0, "no test was paused:\n{printed}");
    // `runner` runs two tests at the same time; each further pid 1 waits.
    assert!(most[&HARDLY_ENOUGH] <= 2 && most[&ENOUGH] > 2, "{most:?}");
    Ok(())
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One test is selected, so of two children one is never used.
#[netns_test(deadline = "10m")]
fn nothing_is_left_of_unused_children_when_the_runner_is_killed() -> TestResult {
    let suite = Suite::build("mixed")?;
    until_no_namespace_is_left()?;
    let folder = tempfile::tempdir()?;
    let before = Count::take(folder.path())?;
    for _ in 0..20 {
        let mut runner = runner(&suite, folder.path())?;
        // Without `--exact`, which prepares none ahead.
        let mut running = runner.args(["--ignored", "waits_for_the_end_of_its_runner"]).spawn()?;
        let children = || -> TestResult<usize> {
            Ok(by_role(running.id())?.iter().filter(|(_, role)| *role == Role::Body).count())
        };
        wait_until(Deadline::after(Duration::from_secs(20)), Duration::from_millis(1), || match children() {
            Ok(2) => Break(()),
            other => Continue(format!("{other:?} processes of bodies")),
        })?;
        running.kill()?;
        running.wait()?;
        until_no_process_is_left(&before, folder.path())?;
    }
    until_no_namespace_is_left()
}

#[netns_test(deadline = "5m")]
fn nothing_is_left_after_passes_failures_and_deadlines() -> TestResult {
    let suite = Suite::build("mixed")?;
    until_no_namespace_is_left()?;
    let folder = tempfile::tempdir()?;
    let before = Count::take(folder.path())?;
    for _ in 0..20 {
        let ended = runner(&suite, folder.path())?.status()?;
        assert_eq!(ended.code(), Some(101));
        // Expects this at once: the runner exits after everything that it started.
        assert_eq!(processes()?, BTreeMap::new());
        assert_eq!(Count::take(folder.path())?, before);
    }
    until_no_namespace_is_left()?;
    println!("20 runs with passes, failures and deadlines; left: 0 processes, 0 namespaces, 0 mounts, 0 files");
    Ok(())
}

/// The control of the counts: they include existing objects.
#[netns_test(deadline = "2m")]
fn what_is_left_is_seen() -> TestResult {
    let folder = tempfile::tempdir()?;
    let before = Count::take(folder.path())?;
    for kind in ["net", "mount", "ipc", "uts"] {
        until_no_namespace_is_left()?;
        // A process holds a namespace, and reports it before the test counts.
        let mut left = Command::new("unshare")
            .args([&format!("--{kind}"), "--", "dd", "status=none"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        left.stdin.as_mut().ok_or("no pipe")?.write_all(&[b'.'; 512])?;
        left.stdout.as_mut().ok_or("no pipe")?.read_exact(&mut [0; 512])?;
        assert!(!no_namespace_is_left()?, "a namespace of the kind {kind} is there");
        assert_eq!(processes()?.keys().collect::<Vec<_>>(), [&left.id()]);
        left.kill()?;
        left.wait()?;
    }
    until_no_namespace_is_left()?;
    fs::write(folder.path().join("file"), "")?;
    assert_eq!(Count::take(folder.path())?.files, ["file"]);
    mount(Some("tmpfs"), folder.path(), Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    let mounts = Count::take(folder.path())?.mounts;
    // A mount point cannot be removed.
    umount(folder.path())?;
    assert_eq!(mounts, before.mounts + 1);
    folder.close()?;
    Ok(())
}
