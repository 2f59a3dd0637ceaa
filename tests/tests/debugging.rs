//! A person at a debugger, and a person who looks into a failed test.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User, workspace};
use netns_tests::witness;

/// The binary and arguments of one test of the suite `observed`, in the runner itself.
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
    // The control: after the stop the test goes on and passes.
    let (_, after) = said.split_once("It stopped at breakpoint 1").unwrap_or_else(|| panic!("{complete}"));
    assert!(after.contains("the answer is 42") && after.contains("exited normally"), "{complete}");
}

/// A failed test whose namespaces are held, and the command that its runner prints.
struct Paused {
    runner: std::process::Child,
    nsenter: Vec<String>,
    /// All that came before the request to press Enter.
    said: String,
    /// The entry in `/proc` of the pid 1 that is held, as this process sees it.
    held: PathBuf,
}

impl Paused {
    fn start(suite: &Suite, deadline: &str) -> Self {
        let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
        libtest.args(["--exact", "fails_and_is_kept"]).env("NETNS_TEST_PAUSE", "failure");
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

    /// What the printed command shows when it is followed by a program.
    fn look_inside(&self, program: &[&str]) -> String {
        let ended = Command::new(&self.nsenter[0]).args(&self.nsenter[1..]).args(program).output().expect("it starts");
        assert!(ended.status.success(), "{:?}: {}", self.nsenter, String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).expect("it is text")
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
    let mut paused = Paused::start(&suite, "5m");
    assert!(paused.said.contains("paused: fails_and_is_kept: its namespaces stay for 5m"), "{}", paused.said);
    assert_eq!(paused.look_inside(&["cat", "/proc/sys/kernel/hostname"]), "left-as-it-was\n");
    assert_eq!(paused.look_inside(&["ls", "/sys/class/net"]), "lo\n");
    let inside = paused.look_inside(&["readlink", "/proc/self/ns/net"]);
    assert_ne!(inside.trim(), own("net"));
    // The control of what `end` asserts; before Enter, since after it nothing holds the namespaces.
    assert!(paused.held.exists(), "{}", paused.held.display());
    // Enter, and standard input stays open: the line alone ends it.
    let mut input = paused.runner.stdin.take().expect("it is a pipe");
    input.write_all(b"\n").expect("it reads");
    let printed = paused.end();
    assert_eq!(of_libtest(&printed)["fails_and_is_kept"].outcome, Outcome::Failed);
    assert!(printed.contains("look inside"), "the failure is in the report: {printed}");
    drop(input);
}

#[test]
fn a_pause_ends_at_its_deadline() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut paused = Paused::start(&suite, "1s");
    assert!(paused.held.exists(), "{}", paused.held.display());
    let input = paused.runner.stdin.take().expect("it is a pipe");
    // Nobody presses Enter; that it comes to an end at all is what is shown.
    let printed = paused.end();
    assert_eq!(of_libtest(&printed)["fails_and_is_kept"].outcome, Outcome::Failed);
    drop(input);
}

#[test]
fn a_test_that_passes_is_not_held() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut libtest = suite.libtest(User::Caller).expect("there is a folder");
    libtest.args(["--exact", "passes_and_is_not_kept"]).env("NETNS_TEST_PAUSE", "failure").stdin(Stdio::piped());
    let ended = libtest.output().expect("it starts");
    assert!(ended.status.success());
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}
