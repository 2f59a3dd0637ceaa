//! The examples of suites in other languages: they pass under `netns-run --veth`.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

use netns_fixtures::cargo_bin;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/examples/netns-run")
}

/// Runs a suite with an interface and, as the control, without one. Both run under `netns-run`, because a suite that root
/// runs directly would change the machine's interface.
fn assert_passes_with_a_veth_only(program: &[&str]) {
    let netns_run = |options: &[&str]| {
        let mut netns_run = Command::new("timeout");
        netns_run
            .args(["90", cargo_bin!("netns-run"), "--deadline", "1m"])
            .args(options)
            .arg("--")
            .args(program)
            .current_dir(examples());
        netns_run.output().expect("it starts")
    };
    let ended = netns_run(&["--veth"]);
    assert!(ended.status.success(), "{program:?}: {}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(netns_run(&[]).status.code(), Some(1), "the control: {program:?} does not need an interface");
}

#[test]
fn a_suite_in_python() {
    // -B writes no files beside the sources.
    assert_passes_with_a_veth_only(&["python3", "-B", "-m", "unittest", "test_server"]);
}

#[test]
fn a_program_in_c() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("raw");
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-o"]).arg(&program).arg(examples().join("raw.c"));
    assert!(cc.status().expect("cc, which rustc links with, starts").success());
    assert_passes_with_a_veth_only(&[program.to_str().expect("it is text")]);
}
