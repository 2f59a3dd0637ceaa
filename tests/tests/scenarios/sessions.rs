//! Connections of TCP while the condition of their link changes, and when it ends.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use netns_fixtures::net::condition::{Condition, Loss, Rate, RelayStatistics};
use netns_fixtures::net::{Host, LinkHandle};
use netns_fixtures::prelude::*;
use nix::sys::socket::{setsockopt, sockopt};

use crate::link_conditions::{MILLISECOND, two};

/// Waits until the counts of packets from a host are as wanted.
fn wait_for(
    link: &LinkHandle,
    from: &Host,
    is_wanted: impl Fn(&RelayStatistics) -> bool,
) -> TestResult<RelayStatistics> {
    let found =
        wait_until(Deadline::after(Duration::from_secs(20)), MILLISECOND, || match link.statistics_from(from) {
            Ok(now) if is_wanted(&now) => Break(Ok(now)),
            Ok(now) => Continue(now),
            Err(error) => Break(Err(error)),
        })??;
    Ok(found)
}

/// Row 8: latency, loss and rate change while a transfer runs.
///
/// Latency is added, the loss changes and the rate is lowered while one connection sends; everything arrives.
#[netns_test(requires(conditions), deadline = "120s")]
fn conditions_of_all_kinds_change_while_a_transfer_runs(mut lab: Lab) -> TestResult {
    let fast = Condition::new().rate(Rate::megabits(4));
    let (a, b, link) = two(&mut lab, &fast)?;
    let listener = b.tcp_listener(80)?;
    let mut client = a.tcp_connect((b.ipv4(), 80))?;
    let mut server = listener.accept()?.0;
    server.set_read_timeout(Some(Duration::from_secs(30)))?;
    let is_over = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&is_over);
    let sender = thread::spawn(move || -> std::io::Result<usize> {
        let mut sent = 0;
        while !ends.load(Relaxed) {
            sent += client.write(&[7; 4096])?;
        }
        client.shutdown(Shutdown::Write)?;
        Ok(sent)
    });
    let reader = thread::spawn(move || -> std::io::Result<(usize, bool)> {
        let mut buffer = vec![0; 4096];
        let (mut total, mut is_whole) = (0, true);
        loop {
            match server.read(&mut buffer)? {
                0 => return Ok((total, is_whole)),
                read => {
                    is_whole &= buffer[..read].iter().all(|byte| *byte == 7);
                    total += read;
                }
            }
        }
    });
    let start = wait_for(&link, &a, |now| now.passed > 50)?;
    link.set_condition_from(&a, &fast.clone().latency(60 * MILLISECOND))?;
    // The queue may be full.
    let delayed = a.ping(&b).count(10).timeout(Duration::from_secs(3)).run()?.expect_any()?.min();
    assert!(delayed >= Some(60 * MILLISECOND), "{delayed:?}");
    assert_eq!(link.statistics_from(&a)?.lost, start.lost, "the control: nothing is lost before");
    link.set_condition_from(&a, &fast.clone().latency(60 * MILLISECOND).loss(Loss::percent(2.0)))?;
    let lossy = wait_for(&link, &a, |now| now.lost > start.lost)?;
    link.set_condition_from(&a, &fast.latency(5 * MILLISECOND))?;
    let faster = wait_for(&link, &a, |now| now.passed > lossy.passed + 200)?;
    let began = Instant::now();
    link.set_condition_from(&a, &Condition::new().rate(Rate::kilobits(500)))?;
    wait_for(&link, &a, |now| now.passed > faster.passed + 100)?;
    // A full packet takes 24 ms now, and took 3 ms before. Not all packets are full.
    let took = began.elapsed();
    assert!(took > Duration::from_millis(800), "100 packets in {took:?} at 500 kbit/s");
    link.set_condition_from(&a, &Condition::new())?;
    is_over.store(true, Relaxed);
    let sent = sender.join().map_err(|_| "the sender panicked")??;
    let (read, is_whole) = reader.join().map_err(|_| "the reader panicked")??;
    assert!(is_whole && read == sent, "{read} of {sent} bytes, whole: {is_whole}");
    Ok(())
}

/// Row 12: a link stays down: a TCP session dies.
///
/// A session whose link stays down ends with the time-out of its sender. Source of the option: tcp(7).
#[netns_test(requires(conditions))]
fn a_session_dies_when_its_link_stays_down(mut lab: Lab) -> TestResult {
    let (a, b, _) = two(&mut lab, &Condition::new())?;
    let listener = b.tcp_listener(80)?;
    let mut client = a.tcp_connect((b.ipv4(), 80))?;
    let _server = listener.accept()?.0;
    setsockopt(&client, sockopt::TcpUserTimeout, &1000)?;
    client.set_read_timeout(Some(Duration::from_secs(10)))?;
    b.link_down("eth0")?;
    client.write_all(b"late")?;
    let start = Instant::now();
    let ended = client.read(&mut [0; 1]).map_err(|error| error.kind());
    assert_eq!(ended, Err(ErrorKind::TimedOut), "after {:?}", start.elapsed());
    Ok(())
}
