//! Tests that would each leave something behind without a cleanup: `nothing_left.rs` kills the runner of this suite at random moments.

use std::fs;
use std::ops::ControlFlow;
use std::process::Command;
use std::time::Duration;

use netns_fixtures::prelude::*;
use nix::mount::{MsFlags, mount};
use nix::unistd::{ForkResult, fork, pause, setsid};

#[netns_test]
fn passes() {}

#[netns_test]
fn fails() {
    panic!("on purpose");
}

#[netns_test(deadline = "10ms")]
fn hangs() {
    loop {
        pause();
    }
}

#[netns_test]
#[ignore = "run alone, and killed"]
fn waits_for_the_end_of_its_runner() {
    loop {
        pause();
    }
}

#[netns_test]
fn starts_a_program_and_leaves_it() -> TestResult {
    Command::new("/bin/sleep").arg("1000").spawn()?;
    Ok(())
}

#[netns_test]
fn leaves_a_program_in_a_host(net: Pair) -> TestResult {
    let program = net.server.command("sleep")?.arg("1000").spawn()?;
    net.client.ping(&net.server).count(1).run()?.expect_all()?;
    std::mem::forget(program);
    Ok(())
}

#[netns_test]
fn leaves_a_daemon() -> TestResult {
    // SAFETY: the copy calls nothing but setsid, fork, pause and _exit, none of which allocates or locks.
    if matches!(unsafe { fork() }?, ForkResult::Parent { .. }) {
        return Ok(());
    }
    // This fails only for a group leader, and a process that was just forked is not one.
    let _ = setsid();
    // SAFETY: as above.
    if matches!(unsafe { fork() }, Ok(ForkResult::Child)) {
        loop {
            pause();
        }
    }
    // SAFETY: `_exit` has no precondition.
    unsafe { nix::libc::_exit(0) }
}

#[netns_test]
fn mounts_something() -> TestResult {
    mount(Some("tmpfs"), "/mnt", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    fs::write("/mnt/file", "gone with the mount")?;
    Ok(())
}

#[netns_test]
fn holds_a_port_for_a_while() -> TestResult {
    let _listener = std::net::TcpListener::bind("127.0.0.1:80")?;
    let never = wait_until(Deadline::after(Duration::from_millis(20)), Duration::from_millis(5), || {
        ControlFlow::<(), _>::Continue("nobody connects")
    });
    assert!(never.is_err());
    Ok(())
}

#[netns_test]
async fn runs_asynchronously() -> TestResult {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:80").await?;
    tokio::net::TcpStream::connect(listener.local_addr()?).await?;
    Ok(())
}
