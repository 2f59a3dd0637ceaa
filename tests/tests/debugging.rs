//! A person with a debugger, and a person who inspects a failed test.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User, workspace};
use netns_tests::witness;

/// Returns the suite `observed` with these tests, which run in the runner's own process.
fn in_process(suite: &Suite, tests: &[&str]) -> Command {
    let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
    libtest.args(["--exact", "--nocapture"]).args(tests).env("NETNS_TEST_IN_PROCESS", "1");
    libtest
}

fn own(kind: &str) -> String {
    fs::read_link(format!("/proc/self/ns/{kind}")).expect("it is there").display().to_string()
}

#[test]
fn in_process_the_test_is_the_runner_in_other_namespaces() {
    let suite = Suite::build("observed").expect("the suite builds");
    let running = in_process(&suite, &["tells_where_it_is"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let runner = running.id();
    // netns-lint: allow(unbounded-wait) in-process tests of the suite end by themselves, and nextest ends this one
    let ended = running.wait_with_output().expect("it is ours");
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{printed}");
    assert!(printed.contains(&format!("pid {runner}\n")), "{runner} is not in\n{printed}");
    for kind in ["user", "net", "mnt", "ipc", "uts"] {
        assert!(printed.contains(&format!("{kind}:[")) && !printed.contains(&own(kind)), "{kind} in\n{printed}");
    }
    // A process cannot move to another pid namespace.
    assert!(printed.contains(&own("pid")), "{printed}");
    assert!(printed.contains("devices lo\n"), "{printed}");
}

#[test]
fn in_process_a_panic_prints_the_report_of_the_test() {
    let suite = Suite::build("observed").expect("the suite builds");
    let ended = in_process(&suite, &["--include-ignored", "panics_and_is_kept"]).output().expect("it starts");
    let printed = String::from_utf8_lossy(&ended.stdout) + String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success());
    assert_eq!(printed.matches("journal of the test:").count(), 1, "{printed}");
}

#[test]
fn in_process_there_is_room_for_one_test() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut two = suite.libtest(User::Caller).expect("there is a folder");
    two.args(["--exact", "--test-threads", "1", "passes_and_is_not_kept", "tells_where_it_is"]);
    let ended = two.env("NETNS_TEST_IN_PROCESS", "1").output().expect("it starts");
    let report = of_libtest(&String::from_utf8_lossy(&ended.stdout));
    assert_eq!(report["passes_and_is_not_kept"].outcome, Outcome::Passed);
    let second = &report["tells_where_it_is"];
    assert_eq!(second.outcome, Outcome::Failed);
    assert!(second.text.contains("one has run already"), "{}", second.text);
    assert!(second.text.contains("cargo test -- --exact tells_where_it_is"), "{}", second.text);
}

#[test]
fn gdb_stops_at_a_line_of_the_test() {
    if !witness::is_here("gdb") {
        return;
    }
    let suite = Suite::build("observed").expect("the suite builds");
    let source = "tests/suites/suites/observed.rs";
    let lines = fs::read_to_string(workspace().join(source)).expect("it is there");
    let line = 1 + lines.lines().position(|line| line.contains("A debugger stops at this line")).expect("it is there");
    let test = in_process(&suite, &["stops_at_a_breakpoint"]);
    let mut gdb = Command::new("gdb");
    gdb.args(["--nx", "--batch", "-ex", &format!("break observed.rs:{line}"), "-ex", "run", "-ex", "info program"]);
    gdb.args(["-ex", "continue", "--args"]).arg(test.get_program()).args(test.get_args());
    gdb.env("NETNS_TEST_IN_PROCESS", "1").env("DEBUGINFOD_URLS", "").current_dir(workspace());
    let ended = gdb.output().expect("gdb is installed");
    let said = String::from_utf8_lossy(&ended.stdout);
    let complete = format!("{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains("hit Breakpoint 1, observed::stops_at_a_breakpoint"), "{complete}");
    assert!(said.contains(&format!("observed.rs:{line}")), "{complete}");
    // The control: after the breakpoint the test continues and passes.
    let (_, after) = said.split_once("It stopped at breakpoint 1").unwrap_or_else(|| panic!("{complete}"));
    assert!(after.contains("the answer is 42") && after.contains("exited normally"), "{complete}");
}

/// gdb treats the processes of tests as threads of the runner, and traces them until it notices their end.
#[test]
fn tests_keep_their_verdicts_under_a_debugger() {
    if !witness::is_here("gdb") {
        return;
    }
    let suite = Suite::build("observed").expect("the suite builds");
    let libtest = suite.libtest(User::Caller).expect("there is a folder");
    let mut gdb = Command::new("gdb");
    gdb.args(["--nx", "--batch", "-ex", "run", "--args"]).arg(libtest.get_program());
    gdb.args(["--exact", "tells_where_it_is", "tells_where_it_is_too", "tells_its_keyring"]);
    gdb.env("DEBUGINFOD_URLS", "");
    // gdb itself gives up where a thread ends while its library reads it; it then has not run the tests.
    for turn in 1.. {
        let ended = gdb.output().expect("gdb is installed");
        let said = [ended.stdout, ended.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        if !said.contains("cannot get thread info") || turn == 3 {
            assert!(said.contains("3 passed"), "{said}");
            return;
        }
    }
}

/// A failed test with held namespaces, and the command that its runner prints.
struct Paused {
    runner: std::process::Child,
    nsenter: Vec<String>,
    /// The output before the prompt to press Enter.
    said: String,
    /// The `/proc` entry of the held pid 1, as this process sees it.
    held: PathBuf,
}

impl Paused {
    fn start(suite: &Suite, test: &str, deadline: &str) -> Self {
        let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
        libtest.args(["--exact", test]).env("NETNS_TEST_PAUSE", "failure");
        libtest.env("NETNS_TEST_PAUSE_DEADLINE", deadline);
        libtest.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut runner = libtest.spawn().expect("it starts");
        let mut said = String::new();
        let mut errors = BufReader::new(runner.stderr.as_mut().expect("it is a pipe"));
        while !said.contains("press Enter") {
            // netns-lint: allow(unbounded-wait) the pause has a deadline, at which the runner ends and its pipe with it
            assert_ne!(errors.read_line(&mut said).expect("it is text"), 0, "it ended: {said}");
        }
        let line = said.lines().find(|line| line.trim_start().starts_with("nsenter ")).expect("there is a command");
        let nsenter: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let target = nsenter.iter().skip_while(|word| *word != "--target").nth(1).expect("it has a target");
        let held = Path::new("/proc").join(target);
        Self { runner, nsenter, said, held }
    }

    /// The printed command of a host.
    fn nsenter_of(&self, host: &str) -> Vec<String> {
        let line = self.said.lines().skip_while(|line| *line != format!("in the host `{host}` with")).nth(1);
        let line = line.unwrap_or_else(|| panic!("{host} is not in {}", self.said));
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// Runs the printed command with a program, and returns its output.
    fn look_inside(&self, program: &[&str]) -> String {
        Self::look_by(&self.nsenter, program)
    }

    fn look_by(nsenter: &[String], program: &[&str]) -> String {
        let ended = Command::new(&nsenter[0]).args(&nsenter[1..]).args(program).output().expect("it starts");
        assert!(ended.status.success(), "{nsenter:?}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).expect("it is text")
    }

    fn press_enter(&mut self) {
        self.runner.stdin.as_mut().expect("it is a pipe").write_all(b"\n").expect("it reads");
    }

    fn end(mut self) -> String {
        drop(self.runner.stdin.take());
        // netns-lint: allow(unbounded-wait) the runner ends at its pause's deadline, which is what is tested
        let ended = self.runner.wait_with_output().expect("it is ours");
        assert_eq!(ended.status.code(), Some(101), "a test that was looked into has failed all the same");
        assert!(!self.held.exists(), "what was held is gone");
        String::from_utf8(ended.stdout).expect("it is text")
    }
}

#[test]
fn a_failed_test_can_be_looked_into_until_enter() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut paused = Paused::start(&suite, "fails_and_is_kept", "5m");
    assert!(
        paused.said.contains("paused: fails_and_is_kept: has failed; its namespaces, fixtures and hosts stay for 5m"),
        "{}",
        paused.said
    );
    assert_eq!(paused.look_inside(&["cat", "/proc/sys/kernel/hostname"]), "left-as-it-was\n");
    assert_eq!(paused.look_inside(&["ls", "/sys/class/net"]), "lo\n");
    let inside = paused.look_inside(&["readlink", "/proc/self/ns/net"]);
    assert_ne!(inside.trim(), own("net"));
    // The control for the assertions of `end`. It runs before Enter, after which nothing holds the namespaces.
    assert!(paused.held.exists(), "{}", paused.held.display());
    // Standard input stays open: the line alone ends the pause.
    paused.press_enter();
    let input = paused.runner.stdin.take().expect("it is a pipe");
    let printed = paused.end();
    assert_eq!(of_libtest(&printed)["fails_and_is_kept"].outcome, Outcome::Failed);
    assert!(printed.contains("look inside"), "the failure is in the report: {printed}");
    drop(input);
}

#[test]
fn a_pause_ends_at_its_deadline() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut paused = Paused::start(&suite, "fails_and_is_kept", "1s");
    assert!(paused.held.exists(), "{}", paused.held.display());
    let input = paused.runner.stdin.take().expect("it is a pipe");
    // Nobody presses Enter; the test shows that the pause still ends.
    let printed = paused.end();
    assert_eq!(of_libtest(&printed)["fails_and_is_kept"].outcome, Outcome::Failed);
    drop(input);
}

#[test]
fn a_test_that_passes_is_not_held() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
    libtest
        .args(["--exact", "passes_and_is_not_kept", "panics_as_expected_and_is_not_kept"])
        .env("NETNS_TEST_PAUSE", "failure")
        .stdin(Stdio::piped());
    let ended = libtest.output().expect("it starts");
    assert!(ended.status.success());
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

/// The report, the hosts and the fixtures during the pause, and nothing of them after it.
fn is_held_with_its_hosts(test: &str, reported: &[&str]) -> (Paused, Vec<String>) {
    let suite = Suite::build("observed").expect("the suite builds");
    let paused = Paused::start(&suite, test, "5m");
    let (report, _) = paused.said.split_once("paused: ").expect("it is paused");
    for text in reported {
        assert!(report.contains(text), "{text} is not before the pause: {}", paused.said);
    }
    assert!(!paused.said.contains("dropped the fixture"), "{}", paused.said);
    let [client, server] = ["client", "server"].map(|host| paused.nsenter_of(host));
    for (host, nsenter) in [("client", &client), ("server", &server)] {
        assert_eq!(Paused::look_by(nsenter, &["cat", "/proc/sys/kernel/hostname"]).trim(), host);
        let devices = Paused::look_by(nsenter, &["ls", "/sys/class/net"]);
        assert!(devices.contains("eth0"), "{host}: {devices}");
        assert!(Paused::look_by(nsenter, &["cat", "/proc/net/dev"]).contains("eth0"), "{host}");
    }
    // The control: the test's own namespace has no such device.
    assert_eq!(paused.look_inside(&["ls", "/sys/class/net"]), "lo\n");
    (paused, server)
}

#[test]
fn a_panic_is_held_with_its_hosts_and_programs() {
    let expected = ["look into the hosts", "journal of the test"];
    for test in ["panics_and_is_kept", "panics_in_a_host_and_is_kept"] {
        let (mut paused, server) = is_held_with_its_hosts(test, &expected);
        let programs = Paused::look_by(&server, &["sh", "-c", "cat /proc/[0-9]*/cmdline"]);
        assert!(programs.contains("86399"), "{test}: {programs:?}");
        paused.press_enter();
        let printed = paused.end();
        assert_eq!(printed.matches("journal of the test").count(), 1, "{test}: {printed}");
        assert!(printed.contains("dropped the fixture"), "after Enter the test goes on: {printed}");
    }
}

#[test]
fn a_returned_error_is_held_with_its_hosts() {
    for test in ["returns_an_error_and_is_kept", "returns_an_error_late_and_is_kept"] {
        let (mut paused, _) = is_held_with_its_hosts(test, &["false", "journal of the test"]);
        paused.press_enter();
        let printed = paused.end();
        assert_eq!(printed.matches("journal of the test").count(), 1, "{printed}");
        assert!(printed.contains("dropped the fixture"), "{printed}");
    }
}

#[test]
fn a_pause_moves_the_deadline_and_keeps_the_verdict() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut paused = Paused::start(&suite, "is_kept_beyond_its_deadline", "4s");
    let input = paused.runner.stdin.take().expect("it is a pipe");
    // Nobody presses Enter, and the pause is longer than the test's deadline.
    let printed = paused.end();
    assert!(printed.contains("it returned an error") && !printed.contains("the deadline of"), "{printed}");
    drop(input);
}

#[test]
fn where_the_process_has_ended_the_pause_says_so() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut paused = Paused::start(&suite, "aborts_and_is_kept", "5m");
    assert!(paused.said.contains("its process has ended"), "{}", paused.said);
    assert!(!paused.said.contains("in the host"), "{}", paused.said);
    assert_eq!(paused.look_inside(&["ls", "/sys/class/net"]), "lo\n");
    paused.press_enter();
    paused.end();
}
