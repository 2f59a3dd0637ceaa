//! The life of hosts and their programs: rows 91, 95 to 97.

use std::time::Duration;

use netns_fixtures::prelude::*;
use netns_fixtures::process::{Child, Limit, Signal, Stdio};
use netns_fixtures::time::Deadline;

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

/// A shell starts its commands by `vfork`: it sleeps in the kernel until the child has begun, and a stopped child does not begin.
#[netns_test]
fn a_program_that_starts_others_all_the_time_is_suspended(net: Pair) -> TestResult {
    let _busy = net.server.command("sh")?.args(["-c", "while :; do true | cat; sleep 0.001; done"]).spawn()?;
    for _ in 0..100 {
        net.server.suspend()?;
        net.server.resume()?;
    }
    Ok(())
}

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

#[netns_test(deadline = "60s")]
fn two_hundred_hosts_on_a_switch_talk_in_pairs(lan: Lan<200>) -> TestResult {
    for pair in lan.hosts.chunks(2) {
        pair[0].ping(&pair[1]).count(1).timeout(Duration::from_secs(3)).run()?.expect_all()?;
    }
    Ok(())
}

/// The report of a failed test begins with the program that has died; `process_failure` checks the report itself.
#[netns_test]
fn one_program_of_three_crashes(mut lab: Lab) -> TestResult {
    let hosts = ["one", "two", "three"].map(|name| lab.host(name));
    lab.link(&hosts[0], &hosts[1]);
    lab.link(&hosts[1], &hosts[2]);
    lab.up()?;
    let program = |host: &Host, script: &str| -> TestResult<_> {
        Ok(host.command("sh")?.args(["-c", script]).stdin(Stdio::piped()).may_exit().spawn()?)
    };
    let mut crashing = program(&hosts[1], "echo 'out of cheese' >&2; kill -SEGV $$")?;
    let others = [program(&hosts[0], "cat")?, program(&hosts[2], "cat")?];
    let end = crashing.wait()?;
    assert_eq!(end.signal().map(Signal::number), Some(nix::libc::SIGSEGV));
    assert!(crashing.stderr().text().contains("out of cheese"));
    assert!(others.iter().all(Child::is_running));
    Ok(())
}
