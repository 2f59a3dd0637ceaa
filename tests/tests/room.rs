//! Children that wait take nothing from running tests: at a limit with hardly any room, each test runs that runs without such children.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use netns_fixtures::prelude::*;
use netns_tests::group::{Group, lowest_limit};
use netns_tests::suite::{Suite, User};
use netns_tests::{time_factor, witness};
use nix::sched::{CloneFlags, unshare};

/// More than the lowest limit at which children are prepared ahead (docs/performance.md).
const OTHERS: u32 = 600;

/// Holds this number of namespaces of one kind, as other processes would.
fn hold(kind: CloneFlags, name: &'static str) -> TestResult<Vec<fs::File>> {
    let make = move || {
        let made = (0..OTHERS).map(|_| {
            unshare(kind)?;
            fs::File::open(format!("/proc/thread-self/ns/{name}"))
        });
        made.collect::<io::Result<_>>()
    };
    Ok(thread::spawn(make).join().map_err(|_| "the thread panicked")??)
}

fn allow(name: &str, namespaces: u32) -> TestResult {
    Ok(fs::write(format!("/proc/sys/user/max_{name}_namespaces"), namespaces.to_string())?)
}

fn run(suite: &Suite, arguments: &[&str]) -> TestResult<Output> {
    Ok(suite
        .libtest(User::Caller)?
        .arg("--test-threads=1")
        .args(arguments)
        .env("NETNS_TEST_DEADLINE", "20s")
        .output()?)
}

fn passes(ended: &Output, passed: &str) -> bool {
    ended.status.success() && String::from_utf8_lossy(&ended.stdout).contains(passed)
}

#[track_caller]
fn assert_passes(ended: &Output, passed: &str, room: u32) {
    assert!(passes(ended, passed), "room for {room}: {}", String::from_utf8_lossy(&ended.stdout));
}

/// The names contain `where_it_is`.
const THREE_TESTS: [&str; 2] = ["where_it_is", "passes_and_is_not_kept"];

#[netns_test(deadline = "5m")]
fn children_that_wait_leave_tests_their_namespaces() -> TestResult {
    let suite = Suite::build("observed")?;
    let _held = hold(CloneFlags::CLONE_NEWUTS, "uts")?;
    // This test's own and the held ones.
    let taken = 1 + OTHERS;
    for room in 1..=5 {
        allow("uts", taken + room)?;
        assert_passes(&run(&suite, &THREE_TESTS)?, "3 passed", room);
    }
    // The control: with less, every test is refused.
    allow("uts", taken)?;
    let mut refused = suite.libtest(User::Caller)?;
    let refused = refused.args(["--exact", "passes_and_is_not_kept"]).env("NETNS_TEST_DEADLINE", "1s").output()?;
    assert!(String::from_utf8_lossy(&refused.stdout).contains("a limit on namespaces is reached"), "{refused:?}");
    Ok(())
}

#[netns_test(deadline = "5m")]
fn children_that_wait_leave_a_test_its_hosts() -> TestResult {
    let suite = Suite::build("observed")?;
    let _held = hold(CloneFlags::CLONE_NEWNET, "net")?;
    let taken = 1 + OTHERS;
    let tests = ["--include-ignored", "passes_and_is_not_kept", "takes_two_hosts"];
    // A test and its two hosts; the child that waits after the first test takes a place of theirs.
    for room in 3..=7 {
        allow("net", taken + room)?;
        assert_passes(&run(&suite, &tests)?, "2 passed", room);
    }
    // The control: with less, the hosts are refused.
    allow("net", taken + 2)?;
    let ended = run(&suite, &tests)?;
    assert!(String::from_utf8_lossy(&ended.stdout).contains("1 passed; 1 failed"), "{ended:?}");
    Ok(())
}

/// A user without other processes; not in `/etc/passwd`.
const USER: u32 = 54_321;

#[test]
fn children_that_wait_leave_tests_their_processes() -> TestResult {
    if !nix::unistd::geteuid().is_root() {
        // Other processes of this user, such as other tests, would change the room.
        witness::skip("requires root, which can run processes of a user who has no others");
        return Ok(());
    }
    if !witness::is_here("prlimit") {
        return Ok(());
    }
    let suite = Suite::build("observed")?;
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    chown(folder.path(), Some(USER), Some(USER))?;
    // The kernel counts threads, too.
    let mut others = Command::new(cargo_bin!("netns-subject"))
        .args(["hold-threads", &OTHERS.to_string()])
        .uid(USER)
        .gid(USER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // netns-lint: allow(unbounded-wait) it prints the line or ends
    others.stdout.as_mut().ok_or("no pipe")?.read_exact(&mut [0; "ready\n".len()])?;
    let run = |room: u32, deadline: &str, arguments: &[&str]| {
        let libtest = suite.libtest(User::Caller)?;
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--nproc={}", OTHERS + 1 + room)).arg(libtest.get_program()).arg("--test-threads=1");
        limited.args(arguments).current_dir("/").uid(USER).gid(USER).env("TMPDIR", folder.path());
        limited.env("NETNS_TEST_DEADLINE", deadline).env_remove("RUST_BACKTRACE").output()
    };
    // Without children that wait. It fails with less: a runner, a zygote, two processes and a thread of the test.
    let need = (3..20).find(|&room| {
        let mut ended = run(room, "3s", &["--exact", "passes_and_is_not_kept"]);
        ended.as_mut().is_ok_and(|ended| passes(ended, "1 passed"))
    });
    let need = need.ok_or("no limit is enough")?;
    assert!(need >= 5, "the control: a test has more than {need} processes and threads");
    for room in need..=need + 4 {
        assert_passes(&run(room, "20s", &THREE_TESTS)?, "3 passed", room);
    }
    drop(others.stdin.take());
    // netns-lint: allow(unbounded-wait) it ends with its input
    assert!(others.wait()?.success());
    Ok(())
}

fn subject() -> &'static str {
    cargo_bin!("netns-subject")
}

/// Starts a process with [`OTHERS`] threads in the group, which ends with its input.
fn hold_threads(group: &Group) -> TestResult<Child> {
    let mut threads = Command::new(subject());
    threads.args(["hold-threads", &OTHERS.to_string()]);
    let mut others = group.command(subject(), User::Caller, &threads);
    let mut others = others.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    // netns-lint: allow(unbounded-wait) it prints the line or ends
    others.stdout.as_mut().ok_or("no pipe")?.read_exact(&mut [0; "ready\n".len()])?;
    Ok(others)
}

#[test]
fn children_that_wait_leave_tests_the_processes_of_their_control_group() -> TestResult {
    /// More processes and threads than one test with its runner and zygote.
    const ENOUGH: u32 = 12;
    if !witness::limits_allow_preparation() {
        return Ok(());
    }
    if lowest_limit("pids", "pids.max").is_some_and(|limit| limit < u64::from(OTHERS + 2 * ENOUGH)) {
        witness::skip("requires a pids.max of the control group above that of this test's group");
        return Ok(());
    }
    let Some(group) = Group::make("pids")? else { return Ok(()) };
    let suite = Suite::build("observed")?;
    let mut others = hold_threads(&group)?;
    for &user in User::all() {
        let run = |room: u32, seconds: u32, arguments: &[&str]| -> TestResult<Output> {
            group.set("pids.max", (OTHERS + 1 + room).into())?;
            let mut libtest = group.command(subject(), user, &suite.libtest(user)?);
            let deadline = format!("{}s", seconds * time_factor());
            libtest.arg("--test-threads=1").args(arguments).env("NETNS_TEST_DEADLINE", deadline);
            Ok(libtest.output()?)
        };
        // Without children that wait, with one less each time: only the run that is refused takes its whole deadline.
        let mut need = ENOUGH;
        let refused = loop {
            let ended = run(need - 1, 3, &["--exact", "passes_and_is_not_kept"])?;
            if !passes(&ended, "1 passed") {
                break ended;
            }
            need -= 1;
        };
        // The control: with one less, the kernel refuses a process or thread of the test because of the group.
        assert!((5..ENOUGH).contains(&need), "{user:?}: a test has {need} processes and threads");
        let printed = [refused.stdout, refused.stderr].concat();
        let limit = format!("pids.max of the control group is {}", OTHERS + need);
        assert!(String::from_utf8_lossy(&printed).contains(&limit), "{user:?}: {}", String::from_utf8_lossy(&printed));
        let before = group.count("pids.events", "max")?;
        for room in need..=need + 4 {
            assert_passes(&run(room, 20, &THREE_TESTS)?, "3 passed", room);
            assert_eq!(group.count("pids.current", "")?, u64::from(OTHERS + 1), "room for {room}: a process is left");
        }
        // The control: children were prepared, and took a test's room.
        assert!(group.count("pids.events", "max")? > before, "{user:?}: nothing was refused");
    }
    drop(others.stdin.take());
    // netns-lint: allow(unbounded-wait) it ends with its input
    assert!(others.wait()?.success());
    group.remove()
}

/// At the lowest limits at which children are prepared ahead (docs/performance.md), and below them.
#[test]
fn no_child_waits_below_the_limits_of_a_control_group() -> TestResult {
    if !witness::limits_allow_preparation() {
        return Ok(());
    }
    let suite = Suite::build("observed")?;
    for (controller, file, least) in [("pids", "pids.max", 512), ("memory", "memory.max", 256 * 1024 * 1024)] {
        let Some(group) = Group::make(controller)? else { continue };
        for &user in User::all() {
            for (limit, left) in [(least - 1, 0), (least, 4)] {
                group.set(file, limit)?;
                let mut libtest = group.command(subject(), user, &suite.libtest(user)?);
                libtest.args([
                    "--ignored",
                    "--show-output",
                    "--test-threads=1",
                    "leaves_children_that_no_test_waits_for",
                ]);
                let ended = libtest.output()?;
                let printed = String::from_utf8_lossy(&ended.stdout);
                let line = format!("test left {left} children\n");
                assert!(passes(&ended, "1 passed") && printed.contains(&line), "{file} {limit}, {user:?}: {printed}");
            }
        }
        group.remove()?;
    }
    Ok(())
}
