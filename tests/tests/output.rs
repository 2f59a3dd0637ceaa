//! A test's output arrives where an ordinary test's output does: libtest and nextest capture it, or it appears at once.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use netns_tests::report::{Outcome, of_libtest, of_nextest};
use netns_tests::suite::{Suite, User};
use netns_tests::witness;

/// The size of the suite's output on each stream.
const BYTES: usize = 2 * 1024 * 1024;
const LINE_BYTES: usize = 64;

fn numbered_lines(text: &str) -> Vec<usize> {
    // The dots distinguish them from libtest's lines that begin with a number.
    let ours = text.lines().map(str::trim).filter(|line| line.ends_with("....") && line.len() == LINE_BYTES - 1);
    ours.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

fn both_streams_whole(text: &str) {
    let mut numbers = numbered_lines(text);
    numbers.sort_unstable();
    let expected: Vec<usize> = (0..BYTES / LINE_BYTES).flat_map(|i| [i, i]).collect();
    assert_eq!(numbers.len(), expected.len());
    assert!(numbers == expected, "a line is missing, or there twice");
}

#[test]
fn libtest_captures_two_mebibytes_of_each_stream() {
    let suite = Suite::build("printing").expect("the suite builds");
    let run = |arguments: &[&str]| suite.libtest(User::Caller).unwrap().args(arguments).output().expect("it starts");

    let failed = run(&["--exact", "much_and_fails"]);
    let report = of_libtest(&String::from_utf8_lossy(&failed.stdout));
    assert_eq!(report["much_and_fails"].outcome, Outcome::Failed);
    both_streams_whole(&report["much_and_fails"].text);
    assert!(report["much_and_fails"].text.contains("after all of it"));
    assert_eq!(failed.stderr, b"", "captured output is nowhere else");

    let passed = run(&["--exact", "much_and_passes"]);
    assert!(passed.status.success());
    assert!(passed.stdout.len() < 1000, "the output of a test that passes is not shown");
    assert_eq!(passed.stderr, b"");

    // The control: it appears on request.
    let shown = run(&["--exact", "much_and_passes", "--show-output"]);
    both_streams_whole(&String::from_utf8_lossy(&shown.stdout));
}

#[test]
fn nextest_captures_two_mebibytes_of_each_stream() {
    if !witness::nextest_is_here() {
        return;
    }
    let suite = Suite::build("printing").expect("the suite builds");
    let ended = suite.nextest().arg("much_and_fails").output().expect("cargo starts");
    let report = of_nextest(&String::from_utf8_lossy(&ended.stderr));
    assert_eq!(report["much_and_fails"].outcome, Outcome::Failed);
    both_streams_whole(&report["much_and_fails"].text);
}

#[test]
fn bytes_that_are_no_text_are_shown_where_text_is_captured_and_go_out_as_they_are_elsewhere() {
    let suite = Suite::build("printing").expect("the suite builds");
    let run = |arguments: &[&str]| suite.libtest(User::Caller).unwrap().args(arguments).output().expect("it starts");

    let captured = run(&["--exact", "bytes_that_are_no_text"]);
    let report = of_libtest(&String::from_utf8(captured.stdout).expect("a report is text"));
    let text = &report["bytes_that_are_no_text"].text;
    assert!(text.contains("<\\xFF\\xFE\0 é \\xE2\\x82>"), "{text:?}");

    let streamed = run(&["--exact", "bytes_that_are_no_text", "--nocapture"]);
    let bytes = b"<\xff\xfe\x00 \xc3\xa9 \xe2\x82>\n";
    assert!(streamed.stdout.windows(bytes.len()).any(|window| window == bytes));
}

#[test]
fn without_capture_a_line_is_there_before_the_test_ends() {
    let suite = Suite::build("printing").expect("the suite builds");
    let folder = tempfile::tempdir().expect("there is room");
    let gate = folder.path().join("gate");
    let mut libtest = suite.libtest(User::Caller).unwrap();
    libtest.args(["--exact", "a_line_before_the_end", "--nocapture"]).env("PRINTING_GATE", &gate);
    let mut running = libtest.stdout(Stdio::piped()).spawn().expect("it starts");
    // netns-lint: allow(unbounded-wait) its test has a deadline of its own, at which the output ends
    let mut lines = BufReader::new(running.stdout.take().expect("it is a pipe")).lines();
    // The test ends only after the gate exists, and the gate appears only after the line. If the line came with the end, the deadline would
    // end the test.
    let early =
        lines.by_ref().map(|line| line.expect("it is text")).find(|line| line.contains("the line before the end"));
    fs::write(&gate, "").expect("there is room");
    assert!(early.is_some());
    let rest: Vec<String> = lines.map(|line| line.expect("it is text")).collect();
    // netns-lint: allow(unbounded-wait) its output has ended, and its test has a deadline of its own
    assert!(running.wait().expect("it is ours").success(), "{rest:?}");
}

/// Returns the descendants of a process, without zombies.
fn descendants(of: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> =
        children.flat_map(|line| line.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    children.into_iter().flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

#[test]
fn a_reader_that_stands_still_keeps_no_test_from_its_deadline() {
    let suite = Suite::build("observed").expect("the suite builds");
    let mut libtest = suite.libtest(User::Caller).unwrap();
    libtest.args(["--exact", "prints_much_then_hangs", "--nocapture"]);
    let running = libtest.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // The zygote, pid 1 and the body; the zygote stays.
    let wait_for = |what: &str, holds: &dyn Fn(usize) -> bool| {
        let start = Instant::now();
        while !holds(descendants(running.id()).len()) {
            assert!(start.elapsed() < Duration::from_secs(20), "{what}: {:?}", descendants(running.id()));
            thread::sleep(Duration::from_millis(5));
        }
    };
    wait_for("the test begins", &|processes| processes == 3);
    // Nobody has read a byte. The deadline of the test is one second.
    wait_for("the deadline ends it", &|processes| processes == 1);
    // netns-lint: allow(unbounded-wait) its test has ended
    let ended = running.wait_with_output().expect("it is ours");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && errors.contains("the deadline of 1s passed"), "{errors}");
}
