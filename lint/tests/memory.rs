//! Two million findings: the lint keeps a bounded number and counts the rest. This test is alone in its process,
//! because it measures the process's memory.

use std::fmt::Write;
use std::path::PathBuf;

use netns_lint::{Config, check};

const FILES: usize = 4;
const LINES: usize = 250_000;
/// Each line suppresses a rule that does not exist, without a reason.
const FINDINGS: usize = FILES * LINES * 2;

#[test]
fn two_million_findings_are_counted_in_bounded_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = "//netns-lint:allow(x)\n";
    for index in 0..FILES {
        let mut text = String::with_capacity(LINES * line.len() + 64);
        writeln!(text, "fn f{index}() {{ std::net::TcpListener::bind(\"0.0.0.0:0\"); }}").expect("in memory");
        text.extend(std::iter::repeat_n(line, LINES));
        std::fs::write(folder.path().join(format!("{index}.rs")), text).expect("written");
    }
    let config = Config { all_code: true, ..Config::default() };
    let before = peak_megabytes();
    let report = check(&[PathBuf::from(folder.path())], &config).expect("four files");
    let grown = peak_megabytes() - before;
    // The last one represents the dropped findings.
    assert_eq!(report.findings.len(), config.max_findings + 1);
    assert_eq!(report.omitted, FINDINGS + FILES - config.max_findings);
    assert_eq!(report.problems, []);
    let last = report.findings.last().expect("a finding");
    assert_eq!(last.rule, "further-findings");
    assert!(last.message.starts_with("1980004 more findings are not listed"), "{}", last.message);
    assert!(last.path.ends_with("0.rs"));
    assert!(report.findings[0].rule == "wildcard-bind", "the first ones are kept, whatever rule they are of");
    assert!(grown < 200, "the run took {grown} MB");
}

/// `VmHWM` of proc_pid_status(5).
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("proc(5) has this line");
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).expect("a number of kB") / 1024
}
