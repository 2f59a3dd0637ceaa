//! The plan of this project's machines: the test binaries of the fixtures, built by cargo, the doctor, and the refusals.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use netns_vm::Arch;
use netns_vm::image::{INIT, Root};
use netns_vm::plan::{Account, Judge, Run};
use serde_json::Value;

use crate::workspace::Workspace;

/// The packages whose tests run inside. The tests of the others are pure or read only sources.
const PACKAGES: [&str; 3] = ["fixtures", "run", "tests"];

/// The package of the suites that tests run, as a path in the workspace.
const SUITES: &str = "tests/suites";

/// Targets that need a toolchain, or that fail on purpose.
const EXCLUDED: &[(&str, &str)] = &[
    ("ui", "compiles programs that must not compile; no toolchain inside"),
    ("ui_types", "compiles programs that must not compile; no toolchain inside"),
    ("debugging", "steps through a suite with gdb, which needs its sources and scripts"),
    ("cargo_netns_run", "asks rustc for its host; no toolchain inside"),
    ("fails_on_purpose", "fails on purpose, for the demo"),
    ("foreign_suites", "needs python3 and a C compiler"),
];

/// Tests that only real machines run, most of them because an emulated machine is about ten times slower.
const TOO_SLOW: &[(&str, &str)] = &[
    ("ten_thousand_children_leave_no_descriptor_thread_or_process", "ten thousand processes"),
    ("a_gigabyte_is_taken_and_only_its_end_is_kept", "a gigabyte through a pipe"),
    ("libtest_reports_every_failure_as_what_it_is", "its suite has deadlines of half a second"),
    ("tests_get_what_the_file_says", "its suite has deadlines of half a second"),
    (
        "without_a_file_they_get_the_defaults_and_a_variable_is_stronger_than_the_file",
        "its suite has deadlines of half a second",
    ),
    ("the_time_factor_makes_deadlines_longer_and_is_in_the_report", "its suite has deadlines of half a second"),
    ("a_tcp_port_is_no_udp_port", "its wait is shorter than the start of a program there"),
    ("fifty_hosts_reach_each_other", "2,450 pings in half a minute"),
    ("active_management_keeps_the_delay_low_under_load", "its sender is too slow there to fill a queue of 2 Mbit/s"),
    ("doctor_tells_each_value_and_where_it_comes_from", "starts cargo; no toolchain inside"),
    (
        "data_and_peers_that_are_wrong_are_noticed",
        "from 7.x on, nft may not change payloads in a user namespace, with which the test makes wrong data",
    ),
];

/// Tests whose repetitions passed their deadlines on an emulated aarch64 beside other work.
const TOO_SLOW_ON_AARCH64: &[(&str, &str)] = &[("a_list_is_whole_while_it_changes", "5,000 addresses")];

/// Tests that a machine without `/run` cannot run: iproute2 has the names of namespaces there.
pub(super) const NEEDS_RUN: &[&str] = &[
    "a_network_namespace_has_a_name_inside",
    "cni::containers_of_a_node_reach_each_other_until_they_are_removed",
    "forks_and_the_copy_drops_a_published_name",
    "lease::a_tool_finds_a_host_by_name",
    "namespace_fixture",
];

/// The target with the tests of `publish`, which such a machine cannot run either.
pub(super) const NEEDS_RUN_TARGET: &str = "published";

/// Targets that a default run of `ci` leaves out: they test the runner or measure times rather than the kernel, and take the longest.
pub(super) const NOT_IN_CI: &[&str] = &[
    "configuration",
    "failure_truth",
    "fixtures-unit",
    "internet",
    "labs_by_model",
    "netns_run",
    "netns_run_terminal",
    "nothing_left",
    "output",
    "ports",
    "probe_async",
    "probe_matrix",
    "probe_neighbour",
    "probe_network",
    "probe_path",
    "probe_ping",
    "probe_transport",
    "process_async",
    "process_command",
    "process_daemons",
    "process_death",
    "process_failure",
    "process_output",
    "process_ready",
    "scenarios",
    "skips",
    "zygote",
];

/// The target that the suite is built for on aarch64.
pub(crate) const AARCH64: &str = "aarch64-unknown-linux-musl";

/// The targets that run on aarch64, with the suites that they start.
const OF_AARCH64: &[&str] = &[
    "changes",
    "first",
    "hosts",
    "isolation",
    "netns_run",
    "process_command",
    "process_confine",
    "process_privilege",
    "surroundings",
    // The suites.
    "misbehaving",
    "observed",
];

/// The folder of the suites in the guest, which tests run.
pub(super) const SUITES_FOLDER: &str = "/netns-suites";

/// The path of `netns-run` in the guest, whose command `doctor` reports what a machine supports. Nothing hides it, wherever this workspace
/// is.
pub(super) const NETNS_RUN: &str = "/netns-run";

/// The time limit for the tests of one binary; a machine without hardware virtualisation is about ten times slower than its host.
const BINARY: Duration = Duration::from_secs(600);

/// The time limit for all refusals.
const REFUSALS: Duration = Duration::from_secs(30 * 60);

/// The part of the suite that runs.
pub(super) struct Scope<'a> {
    /// Only tests whose names contain this text.
    pub(super) filter: Option<&'a str>,
    /// Leaves out refusals for which programs wait.
    pub(super) short: bool,
    /// Turns the machine's settings the other way before the tests, and leaves out all refusals.
    pub(super) turned: bool,
    /// The processor of the machine. Only x86-64 has refusals, whose programs are this one.
    pub(super) arch: Arch,
}

/// The targets of programs that are not tests.
pub(super) const TURNED: &str = "turned";
pub(super) const BESIDE_NSCD: &str = "beside-nscd";
pub(super) const DOCTOR: &str = "doctor";
pub(super) const ALL_REFUSALS: &str = "refusals";

/// Adds the binaries to the guest's root.
pub(super) fn fill(root: &mut Root, built: &Built) -> anyhow::Result<()> {
    root.add_binary(built.program("netns-run")?, Path::new(NETNS_RUN))?;
    root.add_folder(Path::new(SUITES_FOLDER))?;
    for Target { name, path } in &built.suites {
        root.add_binary(path, &Path::new(SUITES_FOLDER).join(name))?;
    }
    for path in built.tests.iter().map(|target| &target.path).chain(&built.programs) {
        root.add_binary(path, path)?;
    }
    Ok(())
}

/// Returns the runs of a user's machine: the settings are turned if they are to be; then the user runs the doctor and each test binary; at
/// the end root has the refusals.
pub(super) fn runs(account: Account, built: &Built, scope: &Scope<'_>, time_factor: u32) -> Vec<Run> {
    let &Scope { filter, short, turned, arch } = scope;
    let text = |text: &str| text.to_owned();
    // Thousands of moments and random networks are for real machines; here a few show that the test works on this kernel.
    let environment = [
        ("NETNS_SUITES", SUITES_FOLDER),
        ("NETNS_TEST_TIME_FACTOR", &time_factor.to_string()),
        ("NETNS_KILLS", "25"),
        ("NETNS_CHAOS_KILLS", "20"),
        ("NETNS_NETWORKS", "5"),
        ("PROPTEST_CASES", "8"),
    ];
    let run = |account, target: &str, program: &Path, arguments, judge, limit| Run {
        account,
        target: text(target),
        program: program.to_owned(),
        arguments,
        folder: "/".into(),
        environment: environment.map(|(name, value)| (text(name), text(value))).to_vec(),
        judge,
        limit,
    };
    let needs_run = if turned { NEEDS_RUN } else { &[] };
    let left_out = excluded(arch).map(|(test, _)| test).chain(needs_run.iter().copied());
    let mut of_tests: Vec<String> = left_out.flat_map(|test| ["--skip".to_owned(), text(test)]).collect();
    of_tests.extend(filter.map(text));
    let mut runs = Vec::new();
    if turned {
        runs.push(run(Account::Root, TURNED, Path::new(INIT), vec![text(TURNED)], Judge::Program, BINARY));
    }
    let doctor = vec![text("doctor"), text("--json")];
    runs.push(run(account, DOCTOR, Path::new(NETNS_RUN), doctor, Judge::Program, BINARY));
    runs.extend(built.tests.iter().map(|Target { name, path }| {
        if !turned {
            return run(account, name, path, of_tests.clone(), Judge::Libtest, BINARY);
        }
        let beside = [text(BESIDE_NSCD), text("--"), path.display().to_string()];
        let arguments = beside.into_iter().chain(of_tests.clone()).collect();
        run(account, name, Path::new(INIT), arguments, Judge::Libtest, BINARY)
    }));
    if turned || arch != Arch::X86_64 || account == Account::User {
        return runs;
    }
    let mut arguments = vec![text("refusals"), text("--time-factor"), time_factor.to_string()];
    arguments.extend(filter.map(|filter| format!("--filter={filter}")));
    arguments.extend(short.then(|| text("--short")));
    runs.push(run(Account::Root, ALL_REFUSALS, Path::new(INIT), arguments, Judge::Program, REFUSALS));
    runs
}

/// A test binary.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The name of the cargo target; a library has the name of its package.
    pub(super) name: String,
    /// The path, the same as on this machine: tests find the programs of their package by path.
    pub(super) path: PathBuf,
}

/// All files that cargo built.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) tests: Vec<Target>,
    pub(super) suites: Vec<Target>,
    /// Programs of the packages, which tests start.
    pub(super) programs: Vec<PathBuf>,
}

impl Built {
    /// Returns the program with this name.
    pub(super) fn program(&self, name: &str) -> anyhow::Result<&Path> {
        let program = self.programs.iter().find(|program| program.file_name().is_some_and(|its| its == name));
        program.map(PathBuf::as_path).with_context(|| format!("cargo has built no {name}"))
    }
}

/// Builds the tests with cargo, all of them or these targets only, and returns the binaries. For aarch64 all are [`OF_AARCH64`] and the suites.
///
/// # Errors
///
/// Fails if a package does not compile or a target does not exist; cargo's own messages are on standard error.
pub(super) fn build(workspace: &Workspace, arch: Arch, targets: &[String]) -> anyhow::Result<Built> {
    let mut messages = String::new();
    let mut call = |arguments: &[&str]| -> anyhow::Result<()> {
        messages += &cargo_messages(workspace, arch, arguments)?;
        Ok(())
    };
    if arch == Arch::X86_64 && targets.is_empty() {
        call(&["test", "--no-run"])?;
        // The suites are built separately: they have `test = false`.
        call(&["test", "--no-run", "--test", "*"])?;
    } else {
        let names: Vec<&str> =
            if targets.is_empty() { OF_AARCH64.to_vec() } else { targets.iter().map(String::as_str).collect() };
        let tests = names.iter().flat_map(|&target| ["--test", target]);
        call(&["test", "--no-run"].into_iter().chain(tests).collect::<Vec<_>>())?;
        // The tests of these programs bring them.
        if !names.contains(&"netns_run") {
            call(&["build", "--bin", "netns-run", "--bin", "cargo-netns-run"])?;
        }
    }
    sort_out(workspace.root(), &messages)
}

fn cargo_messages(workspace: &Workspace, arch: Arch, arguments: &[&str]) -> anyhow::Result<String> {
    let mut cargo = workspace.cargo();
    if arch == Arch::Aarch64 {
        // Static programs, which rustc's own linker links, so that no compiler for this processor is needed.
        cargo.env("CARGO_BUILD_TARGET", AARCH64).envs([
            ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", "rust-lld"),
            ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUSTFLAGS", "-C strip=debuginfo"),
        ]);
    }
    let built = cargo
        .args(arguments)
        .args(["--workspace", "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("failed to start cargo")?;
    if !built.status.success() {
        bail!("the tests do not build");
    }
    String::from_utf8(built.stdout).context("cargo's messages are no UTF-8")
}

fn sort_out(root: &Path, messages: &str) -> anyhow::Result<Built> {
    let folders: BTreeMap<PathBuf, &str> =
        PACKAGES.iter().chain([&SUITES]).map(|&folder| (root.join(folder).join("Cargo.toml"), folder)).collect();
    let mut sorted = Built::default();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).context("a message of cargo is no JSON")?;
        let (Some(executable), Some(manifest)) = (message["executable"].as_str(), message["manifest_path"].as_str())
        else {
            continue;
        };
        let Some(&folder) = folders.get(Path::new(manifest)) else { continue };
        let kind = message["target"]["kind"][0].as_str().unwrap_or_default();
        let mut name = message["target"]["name"].as_str().context("a target has no name")?.to_owned();
        let path = PathBuf::from(executable);
        let is_test = message["profile"]["test"] == true;
        match kind {
            "bin" if !is_test => sorted.programs.push(path),
            "test" if folder == SUITES => sorted.suites.push(Target { name, path }),
            // The suites' library has no tests, and the tests of binaries are not part of the fixtures.
            _ if folder == SUITES || !is_test || kind == "bin" => {}
            _ => {
                if kind == "lib" {
                    name = folder.to_owned() + "-unit";
                }
                if !EXCLUDED.iter().any(|(excluded, _)| *excluded == name) {
                    sorted.tests.push(Target { name, path });
                }
            }
        }
    }
    // Both lists of messages contain the tests.
    for targets in [&mut sorted.tests, &mut sorted.suites] {
        targets.sort_by(|one, other| one.name.cmp(&other.name));
        targets.dedup_by(|one, other| one.path == other.path);
    }
    sorted.programs.sort();
    sorted.programs.dedup();
    Ok(sorted)
}

/// Returns the parts of the suite that do not run inside, with the reasons.
pub(super) fn excluded(arch: Arch) -> impl Iterator<Item = (&'static str, &'static str)> {
    let more = if arch == Arch::Aarch64 { TOO_SLOW_ON_AARCH64 } else { &[] };
    EXCLUDED.iter().chain(TOO_SLOW).chain(more).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(folder: &str, kind: &str, name: &str, test: bool) -> String {
        serde_json::json!({
            "reason": "compiler-artifact", "manifest_path": format!("/w/{folder}/Cargo.toml"),
            "target": { "kind": [kind], "name": name }, "profile": { "test": test }, "executable": format!("/t/{name}"),
        })
        .to_string()
    }

    #[test]
    fn each_binary_is_what_it_is_for() {
        let messages = [
            artifact("tests", "test", "labs", true),
            artifact("tests", "test", "ui", true),
            artifact("tests", "bin", "netns-subject", false),
            artifact("tests", "bin", "netns-subject-unit", true),
            artifact("tests/suites", "test", "mixed", true),
            artifact("tests/suites", "lib", "netns_suites", true),
            artifact("fixtures", "lib", "netns_fixtures", true),
            artifact("run", "bin", "netns-run", false),
            artifact("lint", "test", "rules", true),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let built = sort_out(Path::new("/w"), &messages.join("\n")).unwrap();
        let names = |targets: &[Target]| targets.iter().map(|target| target.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&built.tests), ["fixtures-unit", "labs"]);
        assert_eq!(names(&built.suites), ["mixed"]);
        assert_eq!(built.programs, ["/t/netns-run", "/t/netns-subject"].map(PathBuf::from));
        assert!(sort_out(Path::new("/w"), "no json").is_err());
    }
}
