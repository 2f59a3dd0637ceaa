//! Ends of children, and the absence of leftovers.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow::{Break, Continue};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use netns_fixtures::prelude::*;
use netns_fixtures::process::{Child, ChildProblem, Exit, ProcessError, Signal};
use netns_fixtures::time::wait_until;
use netns_fixtures::{Error, KernelError};

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

fn problem(error: &Error) -> ChildProblem {
    match error.downcast_ref() {
        Some(ProcessError::Child(error)) => error.problem.clone(),
        _ => panic!("no error of a child: {error:?}"),
    }
}

/// Returns once all of the processes are gone, including zombies that nobody has reaped yet.
fn wait_until_gone(ids: &BTreeSet<u32>) -> TestResult {
    let deadline = Deadline::after(Duration::from_secs(10));
    wait_until(deadline, Duration::from_millis(1), || {
        let left: Vec<_> = ids.iter().filter(|id| fs::exists(format!("/proc/{id}")).unwrap_or(true)).collect();
        if left.is_empty() { Break(()) } else { Continue(format!("{left:?}")) }
    })?;
    Ok(())
}

fn read_ids(child: &mut Child, count: usize) -> TestResult<BTreeSet<u32>> {
    let mut ids = BTreeSet::new();
    for _ in 0..count {
        ids.insert(child.read_line()?.ok_or("too few lines")?.parse()?);
    }
    assert_eq!(ids.len(), count);
    Ok(ids)
}

fn state_of(id: u32) -> TestResult<char> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let state = status.lines().find_map(|line| line.strip_prefix("State:\t")).and_then(|state| state.chars().next());
    Ok(state.ok_or("no state")?)
}

fn group(process: &str) -> TestResult<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit_once(')').ok_or("no name")?.1;
    Ok(fields.split_whitespace().nth(2).ok_or("no group")?.parse()?)
}

#[netns_test]
fn every_kind_of_end_is_told_apart(own: Namespace) -> TestResult {
    for code in [0, 1, 127, 255] {
        assert_eq!(own.command(*SUBJECT).args(["exit", &code.to_string()]).status()?, Exit::Code(code));
    }
    let aborted = own.command(*SUBJECT).arg("abort").status()?;
    assert_eq!((aborted.signal(), aborted.code(), aborted.success()), (Some(Signal::ABRT), None, false));
    let real_time = own.command(*SUBJECT).arg("raise-real-time").status()?;
    assert!(real_time.to_string().contains("SIGRTMIN+2"), "{real_time}");
    for signal in [Signal::KILL, Signal::TERM, Signal::USR1] {
        let mut child = own.command("sleep").arg("100").spawn()?;
        child.signal(signal)?;
        assert_eq!(child.wait()?, Exit::Signal { signal, core_dumped: false });
        assert_eq!(child.exit(), Some(Exit::Signal { signal, core_dumped: false }));
    }
    Ok(())
}

#[netns_test]
fn a_child_is_looked_at_without_a_wait_and_killed_with_its_group(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).args(["group", "3"]).spawn()?;
    let ids = read_ids(&mut child, 3)?;
    assert_eq!(child.try_wait()?, None);
    child.kill()?;
    assert_eq!(child.wait()?.signal(), Some(Signal::KILL));
    assert_eq!(child.try_wait()?, Some(Exit::Signal { signal: Signal::KILL, core_dumped: false }));
    wait_until_gone(&ids)
}

#[netns_test]
fn a_child_that_has_ended_gets_no_signal_and_keeps_its_number(own: Namespace) -> TestResult {
    let mut child = own.command("true").spawn()?;
    assert_eq!(child.wait()?, Exit::Code(0));
    assert!(!child.is_running());
    assert_eq!(state_of(child.id())?, 'Z', "so that no other process can get the number");
    assert_eq!(problem(&child.signal(Signal::TERM).unwrap_err()), ChildProblem::Ended);
    assert_eq!(child.stop()?, Exit::Code(0));
    let id = child.id();
    drop(child);
    assert!(!fs::exists(format!("/proc/{id}"))?, "it was reaped");
    Ok(())
}

#[netns_test]
fn a_wait_ends_at_its_deadline_and_the_child_goes_on(own: Namespace) -> TestResult {
    let mut child = own.command("sleep").arg("100").deadline(Deadline::after(Duration::from_millis(30))).spawn()?;
    let error = child.wait().unwrap_err();
    let text = format!("{error:#}");
    assert!(text.starts_with("timed out after ") && text.contains("` (pid ") && text.contains(") to end"), "{text}");
    assert!(child.is_running());
    Ok(())
}

#[netns_test(deadline = "3s")]
fn a_wait_without_a_deadline_ends_shortly_before_the_tests(own: Namespace) {
    let began = Instant::now();
    let error = own.command("sleep").arg("100").status().unwrap_err();
    assert_eq!(problem(&error), ChildProblem::NotInTime { observed: None });
    let waited = began.elapsed();
    assert!(waited > Duration::from_secs(1) && waited < Duration::from_secs(3), "{waited:?}");
}

#[netns_test]
fn dropping_a_child_ends_its_group_and_reaps_it(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).args(["group", "5"]).spawn()?;
    let mut ids = read_ids(&mut child, 5)?;
    for &id in &ids {
        assert_ne!(state_of(id)?, 'Z', "the control: they live before");
    }
    ids.insert(child.id());
    drop(child);
    wait_until_gone(&ids)
}

#[netns_test]
fn a_child_in_its_own_group_leaves_the_tests_alone(own: Namespace) -> TestResult {
    let child = own.command("sleep").arg("100").spawn()?;
    assert_eq!(group(&child.id().to_string())?, child.id());
    assert_ne!(group("self")?, child.id());
    Ok(())
}

#[netns_test]
fn stopping_asks_first(own: Namespace) -> TestResult {
    let mut child = own.command("sleep").arg("100").spawn()?;
    assert_eq!(child.stop()?.signal(), Some(Signal::TERM));
    Ok(())
}

#[netns_test]
fn a_child_has_its_grace_also_when_the_deadline_of_waits_has_passed(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).arg("end-in-order").ready_when(Ready::line("waiting")).spawn()?;
    child.set_deadline(Deadline::after(Duration::ZERO));
    assert_eq!(problem(&child.wait().unwrap_err()), ChildProblem::NotInTime { observed: None });
    assert_eq!(child.stop()?, Exit::Code(0));
    assert!(child.stdout().text().ends_with("ended in order\n"));
    Ok(())
}

#[netns_test]
fn a_child_that_ignores_the_question_is_killed_after_its_grace(own: Namespace) -> TestResult {
    let grace = Duration::from_millis(100);
    let mut command = own.command(*SUBJECT);
    let mut child = command.arg("ignore-term").grace(grace).ready_when(Ready::line("ignoring")).spawn()?;
    let began = Instant::now();
    assert_eq!(child.stop()?.signal(), Some(Signal::KILL));
    assert!(began.elapsed() >= grace && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

#[netns_test]
fn a_child_that_has_stopped_itself_ends_in_order(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).arg("stop-itself").ready_when(Ready::line("stopping")).spawn()?;
    let deadline = Deadline::after(Duration::from_secs(10));
    wait_until(deadline, Duration::from_millis(1), || match state_of(child.id()) {
        Ok('T') => Break(()),
        other => Continue(format!("{other:?}")),
    })?;
    assert!(child.is_running(), "stopped is not ended");
    assert_eq!(child.stop()?.signal(), Some(Signal::TERM));
    Ok(())
}

#[netns_test]
fn a_stopped_child_dies_when_it_is_dropped(own: Namespace) -> TestResult {
    let child = own.command(*SUBJECT).arg("stop-itself").ready_when(Ready::line("stopping")).spawn()?;
    let id = child.id();
    drop(child);
    wait_until_gone(&BTreeSet::from([id]))
}

#[netns_test]
fn a_child_that_has_gone_over_to_another_group_is_stopped_and_killed_like_any_other(own: Namespace) -> TestResult {
    let changed = || own.command(*SUBJECT).arg("change-group").ready_when(Ready::line("changed")).spawn();
    let mut child = changed()?;
    assert_ne!(group(&child.id().to_string())?, child.id(), "the control: its group is not its own");
    assert_eq!(child.stop()?.signal(), Some(Signal::TERM));
    let child = changed()?;
    let id = child.id();
    let began = Instant::now();
    drop(child);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    wait_until_gone(&BTreeSet::from([id]))
}

#[netns_test]
fn stopping_a_child_that_has_ended_ends_what_it_left_in_its_group(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).arg("leave-group-behind").spawn()?;
    let ids = read_ids(&mut child, 1)?;
    assert_eq!(child.wait()?, Exit::Code(0));
    for &id in &ids {
        assert_ne!(state_of(id)?, 'Z', "the control: it outlives the child");
    }
    assert_eq!(child.stop()?, Exit::Code(0));
    wait_until_gone(&ids)
}

#[netns_test]
fn somebody_elses_wait_is_told_and_harms_nobody(own: Namespace) -> TestResult {
    let child = own.command("sleep").arg("100").spawn()?;
    let mut thief = own.command("sleep").arg("100").spawn()?;
    // A test that waits for its children by hand, and reaps one that belongs to the library.
    let id = i32::try_from(thief.id())?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL)?;
    nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(id), None)?;
    match thief.wait() {
        // The library noted the end before the test reaped it.
        Ok(exit) => assert_eq!(exit.signal(), Some(Signal::KILL)),
        Err(error) => assert_eq!(problem(&error), ChildProblem::Reaped),
    }
    drop(thief);
    assert!(child.is_running());
    Ok(())
}

fn open_descriptors() -> TestResult<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}

fn threads() -> TestResult<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

#[netns_test(deadline = "300s")]
fn ten_thousand_children_leave_no_descriptor_thread_or_process(own: Namespace) -> TestResult {
    let mut command = own.command("true");
    let alone = (open_descriptors()?, threads()?);
    let child = own.command("true").spawn()?;
    assert!(open_descriptors()? > alone.0 && threads()? > alone.1, "the control: a child costs some of both");
    drop(child);
    // The thread that attended to the child waits for the next one.
    let before = (alone.0, alone.1 + 1);
    assert_eq!((open_descriptors()?, threads()?), before);
    for _ in 0..10_000 {
        assert_eq!(command.status()?, Exit::Code(0));
    }
    assert_eq!((open_descriptors()?, threads()?), before);
    let processes: Vec<_> =
        fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()).collect();
    assert_eq!(processes, [1, 2], "pid 1 and the test");
    Ok(())
}

#[netns_test]
fn where_there_are_too_few_descriptors_nothing_is_half_done(own: Namespace) -> TestResult {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let mut command = own.command("sleep");
    command.arg("100").stdin(netns_fixtures::process::Stdio::piped());
    // By then everything exists that a first child keeps for later ones.
    drop(command.spawn()?);
    let before = open_descriptors()?;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let mut outcomes = Vec::new();
    for more in 0..16 {
        // The listing itself used a descriptor, so the first round leaves none.
        setrlimit(Resource::RLIMIT_NOFILE, (before - 1 + more) as u64, hard)?;
        let outcome = command.spawn();
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        outcomes.push(outcome.is_ok());
        if let Err(error) = &outcome {
            let Some(KernelError { source, .. }) = error.downcast_ref() else { panic!("{error:?}") };
            assert_eq!(source.raw_os_error(), Some(nix::errno::Errno::EMFILE as i32), "{error}: {source}");
        }
        drop(outcome);
        assert_eq!(open_descriptors()?, before, "with {more} more");
        assert_eq!(fs::read_dir("/proc")?.filter(is_process).count(), 2, "with {more} more");
    }
    assert!(!outcomes[0] && outcomes[15], "the control: {outcomes:?}");
    assert!(outcomes.is_sorted(), "more descriptors never hurt: {outcomes:?}");
    Ok(())
}

/// The variable that marks the processes of one run in the machine's `/proc`.
const MARK: &str = "NETNS_TESTS_MARK";

/// Returns every process of the machine with the mark in its environment.
fn marked(mark: &str) -> TestResult<Vec<String>> {
    let wanted = format!("{MARK}={mark}");
    let is_marked = |process: &str| {
        fs::read(format!("/proc/{process}/environ"))
            .is_ok_and(|variables| variables.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes()))
    };
    Ok(fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()) && is_marked(name))
        .collect())
}

const CHILDREN: usize = 50;

/// Starts fifty children that do not exit: some ignore SIGTERM, some have forked twice and left their group.
fn fifty_children(own: &Namespace) -> TestResult<Vec<Child>> {
    let behaviours: [&[&str]; 3] = [&["sleep"], &["ignore-term"], &["daemon"]];
    let mut children = Vec::new();
    for index in 0..CHILDREN {
        let mut command = own.command(*SUBJECT);
        let mut child = command.args(behaviours[index % behaviours.len()]).inherit_env([MARK]).spawn()?;
        if index % behaviours.len() == 2 {
            child.wait()?;
        }
        children.push(child);
    }
    Ok(children)
}

#[netns_test]
#[ignore = "run by `nothing_outlives_a_runner_that_is_killed`"]
fn waits_with_fifty_children(own: Namespace) -> TestResult {
    let _children = fifty_children(&own)?;
    println!("all are there");
    std::thread::park();
    Ok(())
}

#[netns_test]
#[ignore = "run by `nothing_outlives_a_test_that_is_killed`"]
fn kills_itself_with_fifty_children(own: Namespace) -> TestResult {
    let _children = fifty_children(&own)?;
    println!("{} processes", fs::read_dir("/proc")?.filter(is_process).count());
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL)?;
    Ok(())
}

fn is_process(entry: &std::io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().is_ok_and(|entry| entry.file_name().to_str().is_some_and(|name| name.parse::<u32>().is_ok()))
}

fn run_ignored(test: &str, mark: &str) -> std::process::Command {
    let mut runner = std::process::Command::new("/proc/self/exe");
    runner.args(["--ignored", "--exact", "--nocapture", test]).env(MARK, mark);
    runner.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    runner
}

fn wait_until_none_is_marked(mark: &str) {
    let deadline = Deadline::after(Duration::from_secs(20));
    wait_until(deadline, Duration::from_millis(5), || match marked(mark) {
        Ok(left) if left.is_empty() => Break(()),
        other => Continue(format!("{other:?}")),
    })
    .expect("nothing is left");
}

#[test]
fn nothing_outlives_a_runner_that_is_killed() {
    let mark = format!("runner-{}", std::process::id());
    let mut runner = run_ignored("waits_with_fifty_children", &mark).spawn().expect("libtest starts");
    let output = runner.stdout.take().expect("it is piped");
    // netns-lint: allow(unbounded-wait) the test that the runner runs has a deadline, at which the output ends
    let is_ready = BufReader::new(output).lines().map_while(Result::ok).any(|line| line.contains("all are there"));
    let there = marked(&mark).expect("/proc can be read").len();
    runner.kill().expect("it runs");
    runner.wait().expect("it is a child");
    assert!(is_ready && there > CHILDREN, "the control: {there} processes were there");
    wait_until_none_is_marked(&mark);
}

#[test]
fn nothing_outlives_a_test_that_is_killed() {
    let mark = format!("test-{}", std::process::id());
    let output = run_ignored("kills_itself_with_fifty_children", &mark).output().expect("libtest starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{printed}");
    let processes = printed.lines().find_map(|line| line.strip_suffix(" processes")?.parse::<usize>().ok());
    assert!(processes.is_some_and(|count| count > CHILDREN), "the control: {printed}");
    wait_until_none_is_marked(&mark);
}
