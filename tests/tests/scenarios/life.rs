//! The life of hosts and their programs: rows 59, 91 to 93, 95 to 97.

use std::fs;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::process::Command;
use std::thread;
use std::time::Duration;

use netns_fixtures::ErrorKind;
use netns_fixtures::net::condition::Condition;
use netns_fixtures::prelude::*;
use netns_fixtures::process::{Child, Limit, Signal, Stdio};
use netns_fixtures::requirements::require_program;
use netns_fixtures::time::Deadline;

/// Row 59: a host is removed, a router only after the hosts behind it.
///
/// A router goes after the hosts behind it; the other end of a link goes with it, with and without a condition.
#[netns_test]
fn a_host_is_removed_and_a_router_after_those_behind_it(mut lab: Lab) -> TestResult {
    let [inside, other] = ["inside", "other"].map(|name| lab.host(name));
    let router = lab.router("router");
    lab.link(&inside, &router);
    lab.link(&other, &router).condition(Condition::new());
    lab.gateway(&inside, &router);
    lab.up()?;
    inside.ping(&router).run()?.expect_all()?;
    let link = lab.link_between(&other, &router)?;
    let refused = format!("{:#}", lab.remove(&router).expect_err("it has a host behind it"));
    assert!(refused.contains("it is the gateway of inside"), "{refused}");
    let program = inside.command("cat")?.stdin(Stdio::piped()).spawn()?;
    let refused = format!("{:#}", lab.remove(&inside).expect_err("a program runs in it"));
    assert!(refused.contains(&program.id().to_string()), "{refused}");
    drop(program);
    inside.ping(&router).run()?.expect_all()?;
    lab.remove(&inside)?;
    let names = |host: &Host| -> TestResult<Vec<String>> {
        Ok(host.devices()?.iter().map(|device| device.name.to_string()).collect())
    };
    assert_eq!((names(&router)?, names(&other)?), (vec!["eth1".to_owned()], vec!["eth0".to_owned()]));
    assert_eq!(inside.tcp_listener(80).expect_err("it is gone").kind(), ErrorKind::Gone);
    other.ping(&router).run()?.expect_all()?;
    lab.remove(&router)?;
    assert_eq!(names(&other)?, [""; 0]);
    assert_eq!(link.cut().expect_err("it is gone").kind(), ErrorKind::Gone);
    Ok(())
}

/// Row 92: a host and its router are rebooted.
///
/// A connection from before the reboot is reset, a new one is made; what the test set is as after a start.
#[netns_test]
fn a_host_is_rebooted(mut lab: Lab) -> TestResult {
    const SETTING: &str = "net.ipv4.tcp_fin_timeout";
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let router = lab.router("router");
    lab.link(&client, &router);
    lab.link(&router, &server).condition(Condition::new());
    lab.gateway(&client, &router);
    lab.gateway(&server, &router);
    lab.up()?;
    let usual = server.sysctl(SETTING)?;
    server.set_sysctl(SETTING, "7")?;
    let lease = "198.51.100.7/24".parse()?;
    server.add_address("eth0", lease)?;
    let listener = server.tcp_listener(80)?;
    let mut before = client.tcp_connect((server.ipv4(), 80))?;
    let accepted = listener.accept()?.0;
    before.write_all(b"1")?;
    let (device, namespace) = (server.device("eth0")?, server.namespace()?.inode());
    lab.reboot(&server)?;
    assert_ne!(server.namespace()?.inode(), namespace);
    assert_eq!((server.device("eth0")?, server.sysctl(SETTING)?), (device, usual));
    assert!(server.addresses("eth0")?.contains(&lease), "the addresses of now, which a program may change as a lease");
    // Nobody knows the connection: the server's kernel refuses it.
    client.ping(&server).count(20).run()?.expect_any()?;
    before.set_read_timeout(Some(Duration::from_secs(5)))?;
    before.write_all(b"2")?;
    assert_eq!(before.read(&mut [0]).map_err(|error| error.kind()), Err(std::io::ErrorKind::ConnectionReset));
    drop((listener, accepted));
    let _listener = server.tcp_listener(80)?;
    client.tcp_connect((server.ipv4(), 80))?;
    lab.reboot(&router)?;
    client.ping(&server).count(20).run()?.expect_any()?;
    let program = server.command("cat")?.stdin(Stdio::piped()).spawn()?;
    assert!(lab.reboot(&server).is_err(), "a program runs in it");
    drop(program);
    Ok(())
}

/// Row 91: processes of a host suspended and resumed.
#[netns_test]
fn the_processes_of_a_host_are_suspended_and_resumed(net: Pair) -> TestResult {
    let mut on_server = net.server.command("cat")?.stdin(Stdio::piped()).spawn()?;
    let mut on_client = net.client.command("cat")?.stdin(Stdio::piped()).spawn()?;
    net.server.suspend()?;
    on_server.write_line("are you there?")?;
    on_server.set_deadline(Deadline::after(Duration::from_millis(200)));
    assert!(on_server.read_line().is_err(), "it sleeps");
    on_client.write_line("hello")?;
    assert_eq!(on_client.read_line()?.as_deref(), Some("hello"), "the control: the other host is awake");
    net.server.resume()?;
    on_server.set_deadline(Deadline::after(Duration::from_secs(5)));
    assert_eq!(on_server.read_line()?.as_deref(), Some("are you there?"));
    Ok(())
}

/// Row 91: a program that starts others all the time.
///
/// A shell starts its commands by `vfork`: it sleeps in the kernel until the child has begun, and a stopped child does not begin.
#[netns_test(deadline = "60s")]
fn a_program_that_starts_others_all_the_time_is_suspended(net: Pair) -> TestResult {
    // The program appends a byte to a file each time.
    const COUNTS: &str = "while :; do true | cat; echo >> \"$1\"; sleep 0.001; done";
    const STILL: Duration = Duration::from_millis(10);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("counter");
    fs::write(&path, "")?;
    let count = || fs::metadata(&path).map(|file| file.len());
    let _busy = net.server.command("sh")?.args(["-c", COUNTS, "sh"]).arg(&path).spawn()?;
    for round in 0..50 {
        net.server.suspend()?;
        let before = count()?;
        // The wait that proves that nothing happens.
        thread::sleep(STILL);
        let after = count()?;
        net.server.resume()?;
        assert_eq!(after, before, "it has gone on in round {round}");
        // The control: the counter goes on.
        wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || match count() {
            Ok(now) if now > before + 2 => ControlFlow::Break(Ok(())),
            Ok(now) => ControlFlow::Continue(now),
            Err(error) => ControlFlow::Break(Err(error)),
        })??;
    }
    Ok(())
}

/// Row 91: the sockets of a suspended host.
///
/// The kernel of a host answers while its programs sleep: it completes a connection that no program accepts.
#[netns_test]
fn a_suspended_host_still_has_its_sockets(net: Pair) -> TestResult {
    let listener = net.server.tcp_listener(80)?;
    let mut program = net.server.command("cat")?;
    let _holds_it = program.pass_fd("listener", listener.try_clone()?).stdin(Stdio::piped()).spawn()?;
    drop(listener);
    net.server.suspend()?;
    let _connected = net.client.tcp_connect((net.server.ipv4(), 80))?;
    net.server.resume()?;
    Ok(())
}

/// Row 91: the clocks of a program jump while it is suspended.
///
/// A program that is resumed finds `CLOCK_MONOTONIC` ahead by the time for which it was stopped.
#[netns_test]
fn the_clocks_of_a_suspended_program_go_on(net: Pair) -> TestResult {
    const STOPPED: Duration = Duration::from_millis(500);
    const SCRIPT: &str = "import sys, time\nfor _ in sys.stdin: print(time.monotonic(), flush=True)";
    require_program("python3")?;
    let mut program = net.server.command("python3")?.args(["-c", SCRIPT]).stdin(Stdio::piped()).spawn()?;
    let clock = |program: &mut Child| -> TestResult<Duration> {
        Ok(Duration::from_secs_f64(program.read_line()?.ok_or("a line")?.parse()?))
    };
    program.write_line("")?;
    let before = clock(&mut program)?;
    net.server.suspend()?;
    program.write_line("")?;
    program.set_deadline(Deadline::after(STOPPED));
    let asleep = program.read_line().expect_err("the control: it sleeps");
    assert_eq!(asleep.kind(), ErrorKind::Timeout, "{asleep}");
    net.server.resume()?;
    program.set_deadline(Deadline::after(Duration::from_secs(5)));
    let ahead = clock(&mut program)?.saturating_sub(before);
    assert!(ahead >= STOPPED, "{ahead:?}");
    Ok(())
}

/// Row 93: a program runs out of memory.
///
/// The allocation fails, and the program reports it; source: setrlimit(2), `RLIMIT_AS`.
#[netns_test]
fn a_program_runs_out_of_memory(net: Pair) -> TestResult {
    const MEBIBYTE: u64 = 1 << 20;
    let copy = |limit| -> TestResult<_> {
        let arguments = ["if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"];
        let mut command = net.client.command("dd")?;
        Ok(command.args(arguments).limit(Limit::AddressSpaceBytes, limit).may_exit().output()?)
    };
    assert!(copy(512 * MEBIBYTE)?.status.success(), "the control");
    let exhausted = copy(32 * MEBIBYTE)?;
    assert!(!exhausted.status.success());
    assert!(exhausted.stderr.text().contains("memory exhausted"), "{}", exhausted.stderr.text());
    Ok(())
}

/// Row 93: a program runs out of CPU time.
///
/// The kernel ends a program that uses more CPU time than it has, by a signal that names the cause.
#[netns_test]
fn a_program_runs_out_of_cpu_time(net: Pair) -> TestResult {
    let run = |script| -> TestResult<_> {
        let mut command = net.client.command("sh")?;
        Ok(command.args(["-c", script]).limit(Limit::CpuSeconds, 1).may_exit().spawn()?.wait()?)
    };
    assert!(run("sleep 1.5")?.success(), "the control: a program that waits uses none");
    let end = run("while :; do :; done")?;
    assert_eq!(end.signal().map(Signal::number), Some(nix::libc::SIGXCPU), "{end}");
    assert!(end.to_string().contains("SIGXCPU"), "{end}");
    Ok(())
}

/// Row 95: a program runs out of descriptors.
#[netns_test]
fn a_program_runs_out_of_descriptors(net: Pair) -> TestResult {
    let open = |limit| -> TestResult<_> {
        // It opens all of its files before it reads, besides the standard streams.
        Ok(net
            .client
            .command("paste")?
            .args(["/proc/net/dev"; 4])
            .limit(Limit::OpenFiles, limit)
            .may_exit()
            .output()?)
    };
    assert!(open(64)?.status.success(), "the control");
    let exhausted = open(5)?;
    assert!(!exhausted.status.success());
    assert!(exhausted.stderr.text().contains("Too many open files"), "{}", exhausted.stderr.text());
    Ok(())
}

/// Row 96: 200 hosts on a switch.
#[netns_test(deadline = "60s")]
fn two_hundred_hosts_on_a_switch_talk_in_pairs(lan: Lan<200>) -> TestResult {
    for pair in lan.hosts.chunks(2) {
        pair[0].ping(&pair[1]).count(1).timeout(Duration::from_secs(3)).run()?.expect_all()?;
    }
    Ok(())
}

/// The variable that lets `one_program_of_three_crashes` fail at its end.
const FAILS: &str = "ONE_PROGRAM_OF_THREE_CRASHES_AND_THE_TEST_FAILS";

/// Row 97: one program of three crashes.
///
/// The report of a failed test begins with the program that has died: see `the_report_begins_with_the_program_that_crashed`.
#[netns_test]
fn one_program_of_three_crashes(mut lab: Lab) -> TestResult {
    let hosts = ["one", "two", "three"].map(|name| lab.host(name));
    lab.link(&hosts[0], &hosts[1]);
    lab.link(&hosts[1], &hosts[2]);
    lab.up()?;
    let program = |host: &Host, script: &str| -> TestResult<_> {
        Ok(host.command("sh")?.args(["-c", script]).stdin(Stdio::piped()).may_exit().spawn()?)
    };
    let mut others =
        [program(&hosts[0], "echo one is up; exec cat")?, program(&hosts[2], "echo three is up; exec cat")?];
    others.iter_mut().try_for_each(|other| other.expect("is up").map(drop))?;
    let mut crashing = program(&hosts[1], "echo 'out of cheese' >&2; kill -SEGV $$")?;
    let end = crashing.wait()?;
    assert_eq!(end.signal().map(Signal::number), Some(nix::libc::SIGSEGV));
    assert!(crashing.stderr().text().contains("out of cheese"));
    assert!(others.iter().all(Child::is_running));
    if std::env::var_os(FAILS).is_some() { Err("at noon".into()) } else { Ok(()) }
}

/// The last line of the crashed program comes before the lines of the others, which are in the report too.
#[test]
fn the_report_begins_with_the_program_that_crashed() {
    let mut runner = Command::new("/proc/self/exe");
    runner.args(["--exact", "--nocapture", "life::one_program_of_three_crashes"]).env(FAILS, "1");
    let output = runner.output().expect("libtest starts");
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(!output.status.success() && printed.contains("at noon"), "{printed}");
    let report = printed.split_once("output of the test's children:").expect(&printed).1;
    let lines = ["was killed by SIGSEGV", "stderr: out of cheese", "stdout: one is up", "stdout: three is up"];
    let places = lines.map(|line| report.find(line).expect(&printed));
    assert!(places.is_sorted(), "{printed}");
}
