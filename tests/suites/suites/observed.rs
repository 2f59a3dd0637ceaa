//! Tests that others observe from outside: through their output, with a debugger, during a pause, under a filter.

use std::env;
use std::fs;
use std::io;
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use netns_fixtures::prelude::*;
use nix::mount::{MsFlags, mount};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, fchown, gettid, setgroups, sethostname, setuid};

/// The six kinds of namespaces, as `/proc/self/ns` names them.
const KINDS: [&str; 6] = ["user", "net", "mnt", "pid", "ipc", "uts"];

fn print_namespaces() -> TestResult {
    for kind in KINDS {
        println!("{}", fs::read_link(format!("/proc/self/ns/{kind}"))?.display());
    }
    Ok(())
}

#[netns_test]
fn becomes_another_user() -> TestResult {
    let nobody = Uid::from_raw(65_534);
    let file = memfd_create("given", MFdFlags::empty())?;
    println!("gives_a_file_away {}", fchown(&file, Some(nobody), None).is_ok());
    println!("drops_groups {}", setgroups(&[]).is_ok());
    println!("becomes_nobody {}", setuid(nobody).is_ok());
    Ok(())
}

#[netns_test]
fn tells_where_it_is() -> TestResult {
    print_namespaces()?;
    println!("uid_map {}", fs::read_to_string("/proc/self/uid_map")?.split_whitespace().collect::<Vec<_>>().join(" "));
    println!("gid_map {}", fs::read_to_string("/proc/self/gid_map")?.split_whitespace().collect::<Vec<_>>().join(" "));
    let entries = fs::read_dir("/sys/class/net")?.collect::<io::Result<Vec<_>>>()?;
    // Devices are links; `bonding_masters` is a file, where the kernel has bonding.
    let devices = entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    println!(
        "devices {}",
        devices.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    );
    println!("pid {}", std::process::id());
    Ok(())
}

/// A second test, which may run at the same time.
#[netns_test]
fn tells_where_it_is_too() -> TestResult {
    print_namespaces()
}

fn try_to_connect() -> TestResult {
    let address = env::var("OBSERVED_ADDRESS")?;
    println!("tcp {:?}", TcpStream::connect(address).map(drop).map_err(|error| error.kind()));
    let name = SocketAddr::from_abstract_name(env::var("OBSERVED_NAME")?)?;
    println!("abstract {:?}", UnixStream::connect_addr(&name).map(drop).map_err(|error| error.kind()));
    Ok(())
}

#[netns_test]
fn tries_to_connect() -> TestResult {
    try_to_connect()
}

/// The control: the same code without the attribute.
#[test]
fn tries_to_connect_without_isolation() -> TestResult {
    try_to_connect()
}

#[netns_test]
fn changes_what_it_can() -> TestResult {
    let folder = env::var("OBSERVED_FOLDER")?;
    mount(Some("tmpfs"), folder.as_str(), Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    fs::write(format!("{folder}/file"), "on a mount of the test")?;
    fs::write("/proc/sys/net/ipv4/ip_default_ttl", "7")?;
    sethostname("renamed")?;
    println!("files {}", fs::read_dir(&folder)?.count());
    println!("ttl {}", fs::read_to_string("/proc/sys/net/ipv4/ip_default_ttl")?.trim());
    println!("hostname {}", fs::read_to_string("/proc/sys/kernel/hostname")?.trim());
    Ok(())
}

#[netns_test]
fn fails_and_is_kept() -> TestResult {
    sethostname("left-as-it-was")?;
    panic!("look inside");
}

/// A fixture of a user, whose drop is visible.
struct Outside;

impl Fixture for Outside {
    fn set_up(_: &TestContext) -> TestResult<Self> {
        Ok(Self)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        eprintln!("dropped the fixture");
    }
}

#[netns_test]
fn panics_and_is_kept(net: Pair, _outside: Outside) -> TestResult {
    let _daemon = net.server.command("sleep")?.operand("86399").spawn()?;
    panic!("look into the hosts");
}

#[netns_test]
fn panics_in_a_host_and_is_kept(net: Pair, _outside: Outside) -> TestResult {
    let _daemon = net.server.command("sleep")?.operand("86399").spawn()?;
    Ok(net.client.run(|| panic!("look into the hosts"))?)
}

#[netns_test]
fn returns_an_error_and_is_kept(net: Pair, _outside: Outside) -> TestResult {
    net.client.command("false")?.output()?.success()?;
    Ok(())
}

#[netns_test]
async fn returns_an_error_late_and_is_kept(net: Pair, _outside: Outside) -> TestResult {
    tokio::task::yield_now().await;
    net.client.command("false")?.output_async().await?.success()?;
    Ok(())
}

#[netns_test(deadline = "2s")]
fn is_kept_beyond_its_deadline(net: Pair) -> TestResult {
    net.client.command("false")?.output()?.success()?;
    Ok(())
}

#[netns_test]
#[should_panic(expected = "as expected")]
fn panics_as_expected_and_is_not_kept() {
    panic!("as expected");
}

#[netns_test]
fn aborts_and_is_kept(_net: Pair) {
    std::process::abort();
}

#[netns_test]
fn passes_and_is_not_kept() {}

#[netns_test]
#[ignore = "run under a limit that leaves room for its namespaces and no others"]
fn takes_two_hosts(mut lab: Lab) -> TestResult {
    let [one, other] = ["one", "other"].map(|name| lab.host(name));
    lab.link(&one, &other);
    Ok(lab.up()?)
}

#[netns_test]
fn stops_at_a_breakpoint() {
    let answer = std::hint::black_box(42);
    println!("the answer is {answer}"); // A debugger stops at this line.
}

/// The serial number of a session keyring; source: `keyctl_get_keyring_ID(3)`.
fn session_keyring() -> i64 {
    const KEYCTL_GET_KEYRING_ID: libc::c_int = 0;
    const KEY_SPEC_SESSION_KEYRING: libc::c_int = -3;
    // SAFETY: takes integers only.
    unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) }
}

#[netns_test]
fn tells_its_keyring() {
    println!("keyring {}", session_keyring());
}

#[netns_test]
fn tells_its_keyring_too() {
    println!("keyring {}", session_keyring());
}

/// Not annotated: prints the keyring of the runner.
#[test]
fn tells_the_keyring_of_the_runner() {
    println!("keyring {}", session_keyring());
}

#[netns_test(deadline = "1s")]
fn prints_much_then_hangs() {
    for _ in 0..20_000 {
        println!("{}", "x".repeat(100));
    }
    loop {
        std::thread::park();
    }
}

#[netns_test(deadline = "10s")]
fn comes_after_a_failed_start() {}

/// Runs only if it is selected by name: its process has no descriptors for a moment, as in tests of EMFILE.
#[test]
#[ignore = "disturbs the tests beside it"]
fn exhausts_the_descriptors_of_the_runner() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let first_free = fs::File::open("/").map(|file| std::os::fd::AsRawFd::as_raw_fd(&file)).unwrap();
    let set = |limit| setrlimit(Resource::RLIMIT_NOFILE, limit, hard).unwrap();
    set(u64::try_from(first_free).unwrap());
    let failed = std::panic::catch_unwind(comes_after_a_failed_start);
    set(soft);
    let text = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("has no descriptor left") && text.contains("RLIMIT_NOFILE is"), "{text}");
    // The zygote's next answer must belong to the next request.
    comes_after_a_failed_start();
    comes_after_a_failed_start();
}

/// Returns the processes that the runner forked before `main`: its only children, if no child is prepared ahead.
fn zygotes() -> Vec<Pid> {
    let parent = format!("PPid:\t{}", std::process::id());
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let is_child = |pid: &i32| {
        // A process that has just ended has no status.
        fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| status.lines().any(|line| line == parent))
    };
    processes.filter(is_child).map(Pid::from_raw).collect()
}

/// Stops a process, and returns once it is stopped: until then it may take a request, which nobody else can answer. Source:
/// `proc_pid_stat(5)`.
fn stop(process: Pid) {
    kill(process, Signal::SIGSTOP).unwrap();
    let file = format!("/proc/{process}/stat");
    while !fs::read_to_string(&file).unwrap().rsplit(')').next().is_some_and(|fields| fields.starts_with(" T ")) {
        std::thread::yield_now();
    }
}

/// Returns once the thread waits in the kernel for descriptors; source: `proc_pid_syscall(5)`.
fn await_poll(thread: Pid) {
    let polls = [
        libc::SYS_ppoll,
        #[cfg(any(target_arch = "x86", target_arch = "x86_64", target_arch = "arm"))]
        libc::SYS_poll,
    ];
    let file = format!("/proc/self/task/{thread}/syscall");
    loop {
        let call = fs::read_to_string(&file).unwrap();
        if call.split(' ').next().is_some_and(|number| number.parse().is_ok_and(|number| polls.contains(&number))) {
            return;
        }
        std::thread::yield_now();
    }
}

#[netns_test(deadline = "60s")]
fn waits_long_for_its_namespaces() {}

#[netns_test(deadline = "1s")]
fn waits_a_second_for_its_namespaces() {}

/// Runs only if it is selected by name: the zygote answers nothing while it is stopped.
#[test]
#[ignore = "disturbs the tests beside it"]
fn waits_no_longer_than_its_own_deadline() {
    let zygotes = zygotes();
    let &[zygote] = &zygotes[..] else { panic!("{zygotes:?}") };
    stop(zygote);
    let (tell, told) = std::sync::mpsc::channel();
    let long = std::thread::spawn(move || {
        tell.send(gettid()).unwrap();
        waits_long_for_its_namespaces();
    });
    await_poll(told.recv().unwrap());
    let late = std::panic::catch_unwind(waits_a_second_for_its_namespaces);
    let is_waiting = !long.is_finished();
    kill(zygote, Signal::SIGCONT).unwrap();
    let text = *late.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("no namespaces were ready before the test's deadline"), "{text}");
    assert!(is_waiting, "the short test waited for the long one");
    // Each reply reaches one test.
    long.join().unwrap();
    waits_a_second_for_its_namespaces();
}

/// Runs only if it is selected by name: the zygote answers late, so each of many tests leaves a child that it does not use.
#[test]
#[ignore = "disturbs the tests beside it"]
fn leaves_children_that_no_test_waits_for() {
    const LATE: usize = 8;
    let zygotes = zygotes();
    let &[zygote] = &zygotes[..] else { panic!("{zygotes:?}") };
    stop(zygote);
    // At the same time, so that none gives up before the others have asked.
    let barrier = std::sync::Barrier::new(LATE);
    let late = || {
        barrier.wait();
        std::panic::catch_unwind(waits_a_second_for_its_namespaces).unwrap_err();
    };
    std::thread::scope(|scope| (0..LATE).for_each(|_| drop(scope.spawn(late))));
    kill(zygote, Signal::SIGCONT).unwrap();
    // The control: each request has a child, and the zygote sleeps, so it has sent all replies.
    let sleeps = || std::fs::read_to_string(format!("/proc/{zygote}/stat")).unwrap().contains(") S ");
    let begin = std::time::Instant::now();
    while self::zygotes().len() < 1 + LATE || !sleeps() {
        assert!(begin.elapsed() < std::time::Duration::from_secs(60), "{:?}", self::zygotes());
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    waits_long_for_its_namespaces();
    // Beside the zygote: as many as may be prepared ahead.
    let waiting = self::zygotes().len() - 1;
    println!("test left {waiting} children");
}

/// Runs only if it is selected by name, with the threads for two zygotes.
#[test]
#[ignore = "disturbs the tests beside it"]
fn takes_namespaces_from_each_of_two_zygotes() {
    let zygotes = zygotes();
    assert_eq!(zygotes.len(), 2, "{zygotes:?}");
    for &stopped in &zygotes {
        stop(stopped);
        // More than are prepared ahead.
        (0..6).for_each(|_| waits_long_for_its_namespaces());
        kill(stopped, Signal::SIGCONT).unwrap();
    }
    // The control: with both stopped, the children that are prepared run out.
    for &zygote in &zygotes {
        stop(zygote);
    }
    let all = std::panic::catch_unwind(|| (0..6).for_each(|_| waits_a_second_for_its_namespaces()));
    let text = *all.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("no namespaces were ready before the test's deadline"), "{text}");
    // One that has ended may have taken a request with it: a test that needs that child fails with the reason, and no test waits for it.
    kill(zygotes[0], Signal::SIGKILL).unwrap();
    kill(zygotes[1], Signal::SIGCONT).unwrap();
    let names_the_zygote = |failed: Box<dyn std::any::Any + Send>| {
        let text = *failed.downcast::<String>().unwrap();
        assert!(text.contains("the zygote that makes namespaces has died"), "{text}");
    };
    for _ in 0..8 {
        std::panic::catch_unwind(waits_long_for_its_namespaces).unwrap_or_else(names_the_zygote);
    }
    // Without any, the children that are prepared run out.
    kill(zygotes[1], Signal::SIGKILL).unwrap();
    let all = std::panic::catch_unwind(|| (0..8).for_each(|_| waits_long_for_its_namespaces()));
    names_the_zygote(all.unwrap_err());
}

/// The state that a process passes on to its copies: a variable, the working folder, a limit and the user. The limit is not that of
/// descriptors, which each test raises.
fn inherited_state() -> TestResult<[String; 4]> {
    let (file_bytes, _) = getrlimit(Resource::RLIMIT_FSIZE)?;
    let variable = env::var_os("SET_BY_THE_RUNNER");
    let folder = env::current_dir()?;
    Ok([
        format!("{variable:?}"),
        folder.display().to_string(),
        file_bytes.to_string(),
        nix::unistd::geteuid().to_string(),
    ])
}

#[netns_test(deadline = "10s")]
fn tells_its_inherited_state() -> TestResult {
    println!("test {}", inherited_state()?.join(" "));
    Ok(())
}

/// Runs only if it is selected by name: changes its process after a child was prepared and before another is.
#[test]
#[ignore = "disturbs the tests beside it"]
fn changes_the_runner() {
    let start = inherited_state().unwrap();
    tells_its_inherited_state();
    // SAFETY: no other test runs, and libtest's main thread does not read variables meanwhile.
    // netns-lint: allow(set-env-in-test) the runner's change is what is tested
    unsafe { env::set_var("SET_BY_THE_RUNNER", "1") };
    // netns-lint: allow(set-env-in-test) the same
    env::set_current_dir("/proc").unwrap();
    let (soft, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, soft / 2, hard).unwrap();
    let is_root = nix::unistd::geteuid().is_root();
    if is_root {
        nix::unistd::seteuid(Uid::from_raw(65_534)).unwrap();
    }
    // The control: each part differs.
    let changed = inherited_state().unwrap();
    let differs: Vec<bool> = start.iter().zip(&changed).map(|(before, after)| before != after).collect();
    assert_eq!(differs, [true, true, true, is_root], "{start:?}, then {changed:?}");
    for _ in 0..6 {
        tells_its_inherited_state();
    }
}
