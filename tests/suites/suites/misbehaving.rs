//! Every known way in which a test can go wrong. `failure_truth.rs` lists the expected report of each.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio, exit};
use std::time::Duration;

use netns_fixtures::prelude::*;
use nix::mount::{MntFlags, umount2};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, Uid, chdir, chroot, fork, getppid, pause, setsid, setuid};

#[netns_test]
fn passes() {}

#[netns_test]
#[should_panic(expected = "the cable is cut")]
fn panics_as_it_should() {
    panic!("at noon the cable is cut");
}

#[netns_test]
fn panics() {
    panic!("the cable is cut");
}

#[netns_test]
fn asserts_that_one_is_two() {
    assert_eq!(1, 2, "arithmetic");
}

#[netns_test]
fn returns_an_error() -> TestResult {
    Err("the answer did not come".into())
}

#[netns_test]
async fn returns_an_error_asynchronously() -> TestResult {
    tokio::time::sleep(Duration::from_millis(1)).await;
    Err("the answer did not come".into())
}

#[netns_test]
fn exits_with_0() {
    exit(0);
}

#[netns_test]
fn exits_with_7() {
    exit(7);
}

#[netns_test]
#[should_panic(expected = "the cable is cut")]
fn exits_instead_of_the_panic() {
    exit(101);
}

#[netns_test]
fn aborts() {
    std::process::abort();
}

#[netns_test]
fn writes_where_nothing_is() {
    // Not null, for which debug builds have a separate check.
    let nothing: *mut u8 = std::ptr::without_provenance_mut(8);
    // SAFETY: none, on purpose: the first page is not mapped, and the kernel kills the process.
    unsafe { nothing.write_volatile(1) };
}

#[netns_test]
fn overflows_its_stack() {
    #[expect(unconditional_recursion, reason = "it is what the test is for")]
    fn deeper(level: u64) -> u64 {
        let frame = std::hint::black_box([level; 512]);
        deeper(level + 1) + frame[0]
    }
    std::hint::black_box(deeper(0));
}

#[netns_test(deadline = "700ms")]
fn hangs_with_a_grandchild() -> TestResult {
    let _grandchild = Command::new("/bin/sleep").arg("4711").spawn()?;
    loop {
        pause();
    }
}

#[netns_test(deadline = "700ms")]
async fn hangs_asynchronously() {
    std::future::pending::<()>().await;
}

/// Each of the four threads waits three quarters of the time for the processor that they share.
#[netns_test(deadline = "700ms")]
fn shares_one_processor_with_too_many() -> TestResult {
    let mut one = CpuSet::new();
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    one.set((0..CpuSet::count()).find(|&cpu| allowed.is_set(cpu) == Ok(true)).ok_or("no processor")?)?;
    sched_setaffinity(Pid::from_raw(0), &one)?;
    for _ in 0..3 {
        std::thread::spawn(|| {
            loop {
                std::hint::spin_loop();
            }
        });
    }
    loop {
        std::hint::spin_loop();
    }
}

#[netns_test]
#[should_panic(expected = "the cable is cut")]
fn does_not_panic_as_it_should() {}

#[netns_test]
#[should_panic(expected = "the cable is cut")]
fn panics_with_another_text() {
    panic!("the rope is cut");
}

#[netns_test]
fn closes_all_descriptors() {
    // SAFETY: only the runtime uses a descriptor of this process after this, and the test checks its report.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
}

/// Passes: the kernel protects pid 1 of a namespace from signals of that namespace; `pid_namespaces(7)`.
#[netns_test]
fn kills_its_parent_and_goes_on() -> TestResult {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        kill(getppid(), signal)?;
    }
    assert_eq!(getppid().as_raw(), 1);
    println!("the parent is still there");
    Ok(())
}

/// Passes: the signal reaches only processes of its own namespace, so the runner and the other tests continue.
#[netns_test]
fn kills_everything_that_it_can() -> TestResult {
    let mut child = Command::new("/bin/sleep").arg("4713").spawn()?;
    // netns-lint: allow(kill-by-name) what it reaches is what this test is about: its own namespace
    kill(Pid::from_raw(-1), Signal::SIGKILL)?;
    println!("the child: {}", child.wait()?);
    Ok(())
}

#[netns_test]
fn forks_and_returns_twice() -> TestResult {
    // SAFETY: the copy only returns, which is what is tested.
    match unsafe { fork() }? {
        ForkResult::Child => Ok(()),
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            Ok(())
        }
    }
}

#[netns_test]
fn forks_and_the_copy_panics() -> TestResult {
    // SAFETY: the copy only panics, which is what is tested.
    match unsafe { fork() }? {
        ForkResult::Child => panic!("in the copy"),
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            Ok(())
        }
    }
}

/// Passes: the copy's drop does not withdraw the published name, which belongs to the test.
#[netns_test]
fn forks_and_the_copy_drops_a_published_name(own: Namespace) -> TestResult {
    let blue = own.publish(netns_fixtures::net::NsName::new("blue")?)?;
    // SAFETY: the copy closes descriptors, which neither allocates nor locks, and frees what it has alone.
    if let ForkResult::Parent { child } = unsafe { fork() }? {
        waitpid(child, None)?;
        // Fails if the copy has withdrawn the name.
        return Ok(blue.withdraw()?);
    }
    drop(blue);
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(0) }
}

/// Passes: the daemon dies with its namespaces. Nobody may wait for the end of its output.
#[netns_test]
fn leaves_a_daemon_that_holds_standard_output() -> TestResult {
    let (mut ready, tell) = std::io::pipe()?;
    // SAFETY: the copy calls nothing but setsid, fork, write and pause, none of which allocates or locks.
    if let ForkResult::Parent { child } = unsafe { fork() }? {
        drop(tell);
        waitpid(child, None)?;
        let mut byte = [0];
        ready.read_exact(&mut byte)?;
        println!("the daemon is there");
        return Ok(());
    }
    // This fails only for a group leader, and a process that was just forked is not one.
    let _ = setsid();
    // SAFETY: as above.
    let is_daemon = matches!(unsafe { fork() }, Ok(ForkResult::Child));
    if is_daemon {
        drop((&tell).write(b"!"));
        loop {
            pause();
        }
    }
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(0) }
}

#[netns_test]
fn leaves_a_child_that_holds_standard_output() -> TestResult {
    let child = Command::new("/bin/sleep").arg("4712").stdin(Stdio::null()).spawn()?;
    println!("the child is {}", child.id());
    Ok(())
}

#[netns_test]
fn writes_to_every_socket_that_it_finds() -> TestResult {
    let mut written = 0;
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        if !std::fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:")) {
            continue;
        }
        let descriptor = entry.file_name().to_str().ok_or("not a number")?.parse::<i32>()?;
        let bytes = b"not a message";
        // SAFETY: the bytes are readable; what they do to a descriptor that is not this test's own is what is tested.
        written += unsafe { libc::write(descriptor, bytes.as_ptr().cast(), bytes.len()) };
    }
    println!("{written} bytes");
    Ok(())
}

#[netns_test]
fn panics_on_a_thread_that_it_joins() {
    std::thread::spawn(|| panic!("on another thread")).join().unwrap();
}

struct NoSuchServer;

impl Fixture for NoSuchServer {
    fn set_up(_: &TestContext) -> Result<Self, BoxError> {
        Err("there is no such server".into())
    }
}

#[netns_test]
fn asks_for_a_fixture_that_is_not_to_be_had(_server: NoSuchServer) {}

#[netns_test]
#[ignore = "it has no time"]
fn is_ignored() {
    panic!("nobody asked for this");
}

#[netns_test]
#[should_panic]
#[expect(clippy::should_panic_without_expect, reason = "that any panic would do is what is under test")]
fn exits_instead_of_any_panic() {
    exit(101);
}

#[netns_test]
fn exits_on_another_thread() {
    std::thread::spawn(|| exit(0));
    loop {
        std::thread::park();
    }
}

#[netns_test]
fn is_sent_the_signal_of_a_fault() -> TestResult {
    raise(Signal::SIGSEGV)?;
    println!("it goes on");
    Ok(())
}

#[netns_test(deadline = "700ms")]
fn stops_itself() -> TestResult {
    Ok(raise(Signal::SIGSTOP)?)
}

/// The kernel tells such signals apart by their numbers only.
#[netns_test]
fn ends_by_a_real_time_signal() {
    // SAFETY: takes an integer only.
    unsafe { nix::libc::raise(nix::libc::SIGRTMIN() + 2) };
}

#[netns_test]
fn has_no_memory_left() -> TestResult {
    setrlimit(Resource::RLIMIT_AS, 0, 0)?;
    let memory = vec![1_u8; 1 << 30];
    println!("{} bytes", std::hint::black_box(memory).len());
    Ok(())
}

/// Without the ids of its runner a test still reports to it. An ordinary caller has no other id, and stays who it is.
#[netns_test]
fn becomes_another_user_and_panics() {
    // EINVAL: the id is not mapped.
    let _ = setuid(Uid::from_raw(65_534));
    panic!("the cable is cut");
}

#[netns_test]
fn prints_through_the_c_library() -> TestResult {
    // SAFETY: the text ends with a zero.
    unsafe { libc::puts(c"said in C".as_ptr()) };
    Err("after that".into())
}

#[netns_test]
fn becomes_another_program() -> TestResult {
    Err(Command::new("/bin/true").exec().into())
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[netns_test]
fn panics_while_panicking() {
    let _second = PanicsWhenDropped;
    panic!("the first");
}

#[netns_test]
fn panics_with_a_payload_that_panics() {
    std::panic::panic_any(PanicsWhenDropped);
}

#[netns_test]
fn panics_in_the_destructor_of_a_thread_local() {
    thread_local!(static LAST: PanicsWhenDropped = const { PanicsWhenDropped });
    LAST.with(|_| ());
}

#[netns_test(deadline = "700ms")]
fn ends_its_thread_alone() {
    // SAFETY: none, on purpose: the thread exits without a notice to anybody.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

#[netns_test]
fn puts_another_socket_in_the_place_of_the_channel() -> TestResult {
    let (here, there) = UnixStream::pair()?;
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        if !std::fs::read_link(entry.path()).is_ok_and(|target| target.to_string_lossy().starts_with("socket:")) {
            continue;
        }
        let descriptor = entry.file_name().to_str().ok_or("not a number")?.parse::<i32>()?;
        if [here.as_raw_fd(), there.as_raw_fd()].contains(&descriptor) {
            continue;
        }
        // SAFETY: none, on purpose: another file replaces the one behind the owner's descriptor.
        unsafe { libc::dup2(here.as_raw_fd(), descriptor) };
    }
    // Both stay open, so that writes to them do not fail.
    std::mem::forget((here, there));
    Ok(())
}

/// Passes: to report its end, a test needs some memory and nothing else of the kernel.
#[netns_test]
fn has_used_up_every_limit() -> TestResult {
    for resource in [
        Resource::RLIMIT_NOFILE,
        Resource::RLIMIT_NPROC,
        Resource::RLIMIT_FSIZE,
        Resource::RLIMIT_STACK,
        Resource::RLIMIT_MEMLOCK,
        Resource::RLIMIT_CORE,
        Resource::RLIMIT_MSGQUEUE,
        Resource::RLIMIT_SIGPENDING,
    ] {
        setrlimit(resource, 0, 0)?;
    }
    Ok(())
}

/// Passes, for the same reason.
#[netns_test]
fn takes_its_root_and_its_proc_away() -> TestResult {
    umount2("/proc", MntFlags::MNT_DETACH)?;
    chroot("/sys/kernel")?;
    chdir("/")?;
    Ok(())
}

/// Passes: nobody waits for threads that a test leaves.
#[netns_test]
fn blocks_every_signal_and_leaves_threads() -> TestResult {
    SigSet::all().thread_block()?;
    for _ in 0..4 {
        std::thread::spawn(|| {
            loop {
                drop(std::io::stdout().write(b"on and on\n"));
            }
        });
    }
    Ok(())
}

#[netns_test(deadline = "700ms")]
fn hangs_and_shows_nobody_what_it_is() {
    let hidden = set_dumpable(false);
    println!("{hidden:?}");
    loop {
        pause();
    }
}

/// The signal kills it, as if no process traced it.
#[netns_test]
fn is_traced_by_its_parent() -> TestResult {
    // SAFETY: takes no pointers.
    unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
    raise(Signal::SIGUSR1)?;
    println!("it goes on");
    Ok(())
}

/// Does not misbehave itself: it prints the state that its runner may have inherited from the caller.
#[netns_test]
fn has_the_signals_of_a_login() -> TestResult {
    let status = std::fs::read_to_string("/proc/thread-self/status")?;
    let set = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such line")?;
        TestResult::Ok(u64::from_str_radix(line.trim(), 16)?)
    };
    // Except SIGPIPE, as in every Rust program, and the two signals that the C library reserves.
    let ours = 1 << (Signal::SIGPIPE as u64 - 1) | 0b11 << 31;
    assert_eq!((set("SigBlk:")?, set("SigIgn:")? & !ours), (0, 0));
    Ok(())
}

#[netns_test]
fn writes_the_outcome_of_a_pass_and_exits() {
    for descriptor in 3..64 {
        // SAFETY: takes integers and a static text; a number that is not a descriptor is an error, which is ignored.
        unsafe { libc::write(descriptor, c"p".as_ptr().cast(), 1) };
        // SAFETY: as above.
        unsafe { libc::write(descriptor, c"O12345678p".as_ptr().cast(), 10) };
    }
    exit(0);
}

#[netns_test]
fn redirects_standard_error_and_panics() {
    // SAFETY: takes a static text and integers.
    let nowhere = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY) };
    // SAFETY: takes two integers.
    unsafe { libc::dup2(nowhere, libc::STDERR_FILENO) };
    assert_eq!(1, 2, "the cable is cut");
}

#[netns_test]
fn closes_standard_error_and_returns_an_error() -> TestResult {
    // SAFETY: takes an integer; the standard library ignores a closed standard error.
    unsafe { libc::close(libc::STDERR_FILENO) };
    Err("the answer did not come".into())
}

#[netns_test]
fn closes_standard_error_and_overflows_its_stack() {
    // SAFETY: takes an integer; the standard library ignores a closed standard error.
    unsafe { libc::close(libc::STDERR_FILENO) };
    overflow(0);
}

#[netns_test]
fn panics_without_a_hook() {
    std::panic::resume_unwind(Box::new("the cable is cut".to_owned()));
}

#[netns_test]
fn has_a_hook_that_prints_nothing() {
    std::panic::set_hook(Box::new(|_| ()));
    panic!("the cable is cut");
}

#[netns_test(flavor = "multi_thread")]
async fn overflows_the_stack_of_a_worker() {
    tokio::spawn(async { overflow(0) }).await.unwrap();
}

#[netns_test]
fn overflows_the_stack_of_a_thread() {
    std::thread::spawn(|| overflow(0)).join().unwrap();
}

#[expect(unconditional_recursion, reason = "it is what the tests are for")]
fn overflow(level: u64) -> u64 {
    let frame = std::hint::black_box([level; 512]);
    overflow(level + 1) + frame[0]
}
