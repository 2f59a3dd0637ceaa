//! CPU time, which other work on the machine changes less than wall time.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Returns the CPU time of this process, of the children that it has reaped, and of the zygote. The kernel's own threads, which destroy
/// network namespaces in the background, are not included.
///
/// # Errors
///
/// If there is no process with this number.
pub fn spent(zygote: u32) -> anyhow::Result<Duration> {
    Ok(of_process(zygote)? + own()? + used_by(UsageWho::RUSAGE_CHILDREN)?)
}

/// Returns the CPU time of this process with all its threads.
///
/// # Errors
///
/// The kernel's error.
pub fn own() -> anyhow::Result<Duration> {
    used_by(UsageWho::RUSAGE_SELF)
}

fn used_by(who: UsageWho) -> anyhow::Result<Duration> {
    let usage = getrusage(who)?;
    Ok(duration(usage.user_time()) + duration(usage.system_time()))
}

/// The first field is the time on a processor, in nanoseconds; source: sched-stats.rst.
fn of_process(pid: u32) -> anyhow::Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).context("failed to read the zygote's CPU time")?;
    let nanoseconds = text.split_whitespace().next().context("an empty schedstat")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

fn duration(time: TimeVal) -> Duration {
    let part = |value: i64, unit: fn(u64) -> Duration| u64::try_from(value).map_or(Duration::ZERO, unit);
    part(time.tv_sec(), Duration::from_secs) + part(time.tv_usec(), Duration::from_micros)
}
