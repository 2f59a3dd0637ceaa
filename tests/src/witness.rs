//! External programs that an ordinary test needs for comparison: if one is not installed, the test reports a skip and does not pass
//! silently. An annotated test uses `requirements::require_program` for that.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::thread;

use netns_fixtures::TestResult;
use netns_fixtures::net::Host;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

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
