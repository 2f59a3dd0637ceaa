//! External programs that an ordinary test needs for comparison: if one is not installed, the test reports a skip and does not pass
//! silently. An annotated test uses `requirements::require_program` for that.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use netns_fixtures::TestResult;
use netns_fixtures::net::Host;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

use nix::sys::resource::{Resource, getrlimit};

use crate::group::lowest_limit;
use crate::suite::cargo;

/// Returns whether the program can start; otherwise [skips](skip) the calling test.
///
/// ```
/// assert!(netns_tests::witness::is_here("cat"));
/// ```
pub fn is_here(program: &str) -> bool {
    answers(Command::new(program).arg("--version")) || skipped(program, "install it")
}

/// Returns whether cargo has nextest; otherwise [skips](skip) the calling test.
pub fn nextest_is_here() -> bool {
    answers(cargo().args(["nextest", "--version"])) || skipped("cargo-nextest", "cargo install cargo-nextest --locked")
}

fn answers(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn skipped(program: &str, remedy: &str) -> bool {
    skip(&format!("requires the program {program}: it cannot be started ({remedy})"));
    false
}

/// Returns whether the limits of this process allow children that wait (docs/performance.md, "Prepared children and their memory"); otherwise
/// [skips](skip) the calling test.
pub fn limits_allow_preparation() -> bool {
    const LEAST: u64 = 512;
    const LEAST_BYTES: u64 = 256 * 1024 * 1024;
    let sysctl = |name: &str| fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok();
    let namespaces = ["user", "net", "mnt", "pid", "ipc", "uts"].map(|kind| format!("user/max_{kind}_namespaces"));
    let of_machine = namespaces.into_iter().chain(["kernel/pid_max", "kernel/threads-max"].map(str::to_owned));
    let mut limits: Vec<(String, Option<u64>, u64)> =
        of_machine.map(|name| (name.clone(), sysctl(&name), LEAST)).collect();
    let of_user = getrlimit(Resource::RLIMIT_NPROC).ok().map(|(soft, _)| soft);
    limits.push(("RLIMIT_NPROC".to_owned(), of_user, LEAST));
    for (controller, file, least) in [
        ("pids", "pids.max", LEAST),
        ("memory", "memory.max", LEAST_BYTES),
        ("memory", "memory.limit_in_bytes", LEAST_BYTES),
    ] {
        limits.push((format!("{file} of the control group"), lowest_limit(controller, file), least));
    }
    let low = limits.into_iter().find(|(_, limit, least)| limit.is_some_and(|limit| limit < *least));
    if let Some((name, limit, least)) = &low {
        skip(&format!("requires {name} of at least {least}; it is {}", limit.unwrap_or_default()));
    }
    low.is_none()
}

/// Returns the output of `ip` in a host, with the capability to change its network; `words` are separated by single spaces.
///
/// # Errors
///
/// The program failed. Without the program, the calling test is skipped.
pub fn ip(host: &Host, words: &str) -> TestResult<String> {
    require_program("ip")?;
    let mut command = host.command("ip")?;
    let output = command.args(words.split(' ')).keep_capabilities([Capability::NET_ADMIN]).output()?.success()?;
    Ok(output.stdout.text().to_string())
}

/// Reports, as an annotated test does, that the test of the calling thread is skipped: it bypasses libtest's capture, and adds a line to
/// the record if there is one.
///
/// # Panics
///
/// Panics if skips are failures (`NETNS_TEST_SKIPS=fail`), or if the skip can be neither printed nor recorded and would go unnoticed.
pub fn skip(reason: &str) {
    assert!(env::var_os("NETNS_TEST_SKIPS").is_none_or(|skips| skips != "fail"), "it {reason}");
    let current = thread::current();
    let test = current.name().expect("libtest gives its threads their tests' names");
    io::stderr().write_all(format!("skipped: {test}: {reason}\n").as_bytes()).expect("standard error is open");
    if let Some(record) = env::var_os("NETNS_TEST_SKIP_RECORD") {
        let mut record = OpenOptions::new().append(true).create(true).open(record).expect("the record can be opened");
        // One write, so that lines of parallel tests do not mix.
        record.write_all(format!("{test}\t{reason}\n").as_bytes()).expect("the record can be written");
    }
}
