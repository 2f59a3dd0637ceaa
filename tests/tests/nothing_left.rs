//! Nothing is left behind: not after a pass, a failure or a deadline, and not after SIGKILL of the runner at any moment.
//!
//! Everything happens in the namespaces of this test, so what is counted is the kernel's own count and nobody else's: the
//! processes of its pid namespace, the namespaces that its user namespace is charged for, the mounts of its mount
//! namespace, the files of its folder.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
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

/// How often the runner is killed. Emulated machines are some ten times slower.
static KILLS: Setting<u64> = Setting::integer("NETNS_KILLS", "how often the runner is killed", 500, 1..=100_000);

/// How many processes the chaos kills. `cargo xtask chaos` kills 2,000.
static CHAOS_KILLS: Setting<u64> =
    Setting::integer("NETNS_CHAOS_KILLS", "how many processes of test runs are killed", 100, 1..=100_000);

/// The kinds of namespaces, and how many of each this test's user namespace is charged for by itself: its own five. It is
/// itself charged to the one above; source: user_namespaces(7), namespaces(7).
const KINDS: [(&str, u32); 6] = [("user", 0), ("net", 1), ("mnt", 1), ("pid", 1), ("ipc", 1), ("uts", 1)];

/// More of each kind than a run has.
const ENOUGH: u32 = 100;

/// What there is besides namespaces.
#[derive(Debug, PartialEq, Eq)]
struct Count {
    /// Processes of this pid namespace other than this one and pid 1, by id.
    processes: BTreeMap<u32, String>,
    mounts: usize,
    /// In the folder for temporary files.
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

/// Allows this user namespace so many more namespaces of each kind than its own.
fn allow_namespaces(more: u32) -> TestResult {
    for (kind, own) in KINDS {
        fs::write(format!("/proc/sys/user/max_{kind}_namespaces"), (own + more).to_string())?;
    }
    Ok(())
}

/// Whether no namespace of any kind is left: with one more allowed, one of each can be made. The kernel, which counts them
/// for the limit, is asked, because a namespace that nobody can reach is in no list.
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
        // It may have ended since it was listed.
        if let Ok(stat) = fs::read_to_string(entry.path().join("stat")) {
            processes.insert(pid, stat.split_whitespace().skip(1).take(2).collect::<Vec<_>>().join(" "));
        }
    }
    Ok(processes)
}

/// How long it took; a killed process is taken apart in the kernel's own time.
fn until_no_process_is_left(before: &Count, folder: &Path) -> TestResult<Duration> {
    let start = Instant::now();
    wait_until(Deadline::after(Duration::from_secs(20)), Duration::from_millis(1), || match processes() {
        Ok(processes) if processes.is_empty() => Break(()),
        Ok(processes) => Continue(format!("{processes:?}")),
        Err(error) => Continue(error.to_string()),
    })?;
    let gone_after = start.elapsed();
    assert_eq!(Count::take(folder)?, *before);
    Ok(gone_after)
}

/// The kernel takes namespaces apart in the background, after their last process.
fn until_no_namespace_is_left() -> TestResult {
    wait_until(Deadline::after(Duration::from_secs(60)), Duration::from_millis(10), || match no_namespace_is_left() {
        Ok(true) => Break(()),
        Ok(false) => Continue("there is a namespace more than there should be".to_owned()),
        Err(error) => Continue(error.to_string()),
    })?;
    Ok(())
}

fn runner(suite: &Suite, folder: &Path) -> TestResult<Command> {
    let mut runner = suite.libtest(User::Caller)?;
    runner.args(["--test-threads", "2"]).env("TMPDIR", folder).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(runner)
}

/// How long a run takes: the control, which nobody kills.
fn whole_run(suite: &Suite, folder: &Path) -> TestResult<Duration> {
    let start = Instant::now();
    assert_eq!(runner(suite, folder)?.status()?.code(), Some(101), "nobody kills it");
    Ok(start.elapsed())
}

/// Which moment of a run a number stands for: spread over it by the golden ratio, so that no stretch of it is left out and
/// each run of this test takes the same ones.
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
            // What else the machine does comes and goes, another test of this file for one, and moments must be those of a run.
            length = whole_run(&suite, folder.path())?;
        }
        assert!(tries < 4 * kills, "only {killed} of {tries} runners were alive at their moment");
        let mut running = runner(&suite, folder.path())?.spawn()?;
        // The moment is what is varied here; nothing is waited for.
        thread::sleep(moment(tries, length));
        // Besides the runner and the zygote there are processes of tests.
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

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Runner,
    Zygote,
    PidOne,
    Body,
}

/// In which order: the runner less often, because its end is the end of its run.
const VICTIMS: [Role; 7] = [Role::PidOne, Role::Body, Role::Zygote, Role::Body, Role::PidOne, Role::Runner, Role::Body];

/// The processes of a run by their roles: a pid 1 and a body have numbers of a second pid namespace; source: `NSpid` in
/// proc_pid_status(5).
fn by_role(runner: u32) -> TestResult<Vec<(u32, Role)>> {
    let mut found = vec![(runner, Role::Runner)];
    for &pid in processes()?.keys().filter(|&&pid| pid != runner) {
        // It may have ended since it was listed.
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
        match numbers.split_whitespace().skip(1).collect::<Vec<_>>()[..] {
            [] => found.push((pid, Role::Zygote)),
            ["1"] => found.push((pid, Role::PidOne)),
            ["2"] => found.push((pid, Role::Body)),
            // What a body has started.
            _ => {}
        }
    }
    Ok(found)
}

/// Keeps a processor and some memory busy until it is told to stop.
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

/// Any process of a run is killed at any moment, several in one run, while processors and memory are busy and there may be hardly
/// more namespaces than the run needs. Each run ends within a bound, and nothing is left after it.
#[netns_test(deadline = "1h")]
fn nothing_is_left_when_anything_is_killed_under_pressure() -> TestResult {
    let suite = Suite::build("mixed")?;
    until_no_namespace_is_left()?;
    let folder = tempfile::tempdir()?;
    let before = Count::take(folder.path())?;
    let kills = CHAOS_KILLS.read()?;
    // How long its parts take decides which moments there are, on an emulated machine too.
    let longest_pause = whole_run(&suite, folder.path())? / 10;
    let stop = AtomicBool::new(false);
    let mut killed: BTreeMap<Role, u64> = BTreeMap::new();
    let (mut runs, mut steps) = (0_u64, 0_u32);
    let start = Instant::now();
    thread::scope(|scope| {
        // The pressure ends also when what follows fails.
        let _stop = StopOnDrop(&stop);
        for _ in 0..2 {
            scope.spawn(|| press(&stop));
        }
        while killed.values().sum::<u64>() < kills {
            assert!(runs < 20 * kills, "{runs} runs for {killed:?}");
            runs += 1;
            // Two tests at once and four children ahead.
            allow_namespaces(6)?;
            let mut running = runner(&suite, folder.path())?.spawn()?;
            let deadline = Deadline::after(Duration::from_secs(60));
            // On a slow machine the runner would be killed over and over before there is anything else.
            let mut has_had_a_body = false;
            while running.try_wait()?.is_none() {
                assert!(!deadline.is_expired(), "a run did not end: {:?}", processes()?);
                steps += 1;
                // The moment is what is varied here; nothing is waited for.
                thread::sleep(moment(steps, longest_pause));
                let wanted = VICTIMS[steps as usize % VICTIMS.len()];
                let there = by_role(running.id())?;
                has_had_a_body |= there.iter().any(|(_, role)| *role == Role::Body);
                let is_spared = |role: Role| role == Role::Runner && !has_had_a_body;
                let victim = there.into_iter().find(|(_, role)| *role == wanted && !is_spared(*role));
                if let Some((pid, role)) = victim {
                    // ESRCH: it has ended by itself since it was listed. Nobody but this test has processes in this pid namespace.
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
    println!(
        "{} processes of {runs} runs were killed in {:.0?} ({killed:?}) under pressure of two processors and 256 MiB, at the limit of \
         namespaces; left: 0 processes, 0 namespaces, 0 mounts, 0 files",
        killed.values().sum::<u64>(),
        start.elapsed()
    );
    assert_eq!(killed.len(), 4, "a role was never killed: {killed:?}");
    Ok(())
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
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
        // At once: the runner ends after all that it has started.
        assert_eq!(processes()?, BTreeMap::new());
        assert_eq!(Count::take(folder.path())?, before);
    }
    until_no_namespace_is_left()?;
    println!("20 runs with passes, failures and deadlines; left: 0 processes, 0 namespaces, 0 mounts, 0 files");
    Ok(())
}

/// The control of the counts: what is there is counted.
#[netns_test(deadline = "2m")]
fn what_is_left_is_seen() -> TestResult {
    let folder = tempfile::tempdir()?;
    let before = Count::take(folder.path())?;
    for kind in ["net", "mount", "ipc", "uts"] {
        until_no_namespace_is_left()?;
        // A namespace is held by a process in it, which says so before it is looked for.
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
    // What is mounted on cannot be removed.
    umount(folder.path())?;
    assert_eq!(mounts, before.mounts + 1);
    folder.close()?;
    Ok(())
}
