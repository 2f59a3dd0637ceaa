//! What runs in the virtual machine: the test binaries of the fixtures, built by cargo, and the programs that they start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::workspace::Workspace;

/// The packages whose tests run inside. The others are pure, or are about sources.
const PACKAGES: [&str; 2] = ["fixtures", "tests"];

/// The package of the suites that tests run, as a folder of the workspace.
const SUITES: &str = "tests/suites";

/// Targets that make no sense without a toolchain, or that fail on purpose.
const EXCLUDED: &[(&str, &str)] = &[
    ("ui", "compiles programs that must not compile; no toolchain inside"),
    ("ui_types", "compiles programs that must not compile; no toolchain inside"),
    ("debugging", "steps through a suite with gdb, which needs its sources and scripts"),
    ("cargo_netns_run", "asks rustc for its host; no toolchain inside"),
    ("fails_on_purpose", "fails on purpose, for the demo"),
];

/// Tests that are for real machines, most of them because an emulated one is some ten times slower.
pub(super) const TOO_SLOW: &[(&str, &str)] = &[
    ("ten_thousand_children_leave_no_descriptor_thread_or_process", "ten thousand processes"),
    ("a_gigabyte_is_taken_and_only_its_end_is_kept", "a gigabyte through a pipe"),
    ("libtest_reports_every_failure_as_what_it_is", "its suite has deadlines of half a second"),
    ("tests_get_what_the_file_says", "its suite has deadlines of half a second"),
    (
        "without_a_file_they_get_the_defaults_and_a_variable_is_stronger_than_the_file",
        "its suite has deadlines of half a second",
    ),
    ("a_tcp_port_is_no_udp_port", "its wait is shorter than the start of a program there"),
    ("fifty_hosts_reach_each_other", "2,450 pings in half a minute"),
    ("doctor_tells_each_value_and_where_it_comes_from", "starts cargo; no toolchain inside"),
    (
        "data_and_peers_that_are_wrong_are_noticed",
        "from 7.x on, nft may not change payloads in a user namespace, with which the test makes wrong data",
    ),
];

/// What `ci` leaves out: targets that are about the runner or about times more than about the kernel, and take the longest.
pub(super) const NOT_IN_CI: &[&str] = &[
    "configuration",
    "failure_truth",
    "fixtures-unit",
    "labs_by_model",
    "netns_run",
    "netns_run_terminal",
    "nothing_left",
    "output",
    "ports",
    "probe_network",
    "process_async",
    "process_command",
    "process_daemons",
    "process_death",
    "process_failure",
    "process_output",
    "process_ready",
    "skips",
    "zygote",
];

/// Programs that tests start, as far as this machine has them: a test says itself that it skips where one is missing.
pub(super) const PROGRAMS: &[&str] = &[
    "bash", "cat", "chroot", "cp", "dash", "dd", "dnsmasq", "echo", "env", "false", "find", "flock", "getent", "grep",
    "head", "hostname", "id", "ip", "iperf3", "kill", "ls", "mkdir", "mount", "ncat", "nft", "nginx", "nsenter",
    "perl", "ping", "printf", "prlimit", "ps", "readlink", "rm", "rmdir", "seq", "setpriv", "setsid", "sh", "sleep",
    "socat", "sort", "ss", "stat", "strace", "stty", "sysctl", "tail", "tc", "tee", "timeout", "touch", "tr", "true",
    "tty", "umount", "uname", "unshare", "wc", "wg", "yes",
];

/// Loaded before the tests, each with those that it needs. Where a kernel has one built in or not at all, the guest says so;
/// what that means for a test is for its `requires(…)` to find out.
pub(super) const MODULES: &[&str] = &[
    "veth",
    "bridge",
    "br_netfilter",
    "8021q",
    "dummy",
    "macvlan",
    "macvtap",
    "ipvlan",
    "vxlan",
    "geneve",
    "vrf",
    "bonding",
    "wireguard",
    "ifb",
    "nlmon",
    "tun",
    "sch_netem",
    "sch_fq",
    "sch_fq_codel",
    "sch_prio",
    "sch_cake",
    "sch_tbf",
    "sch_htb",
    "sch_ingress",
    "cls_u32",
    "cls_flower",
    "cls_matchall",
    "act_mirred",
    "sctp",
    "sctp_diag",
    "tcp_diag",
    "udp_diag",
    "raw_diag",
    "nf_tables",
    "nft_chain_nat",
    "nft_ct",
    "nft_limit",
    "nft_masq",
    "nft_nat",
    "nft_numgen",
    "nft_queue",
    "nft_flow_offload",
    "nft_reject_inet",
    "nfnetlink_queue",
    "nf_flow_table_inet",
    "af_packet_diag",
    "inet_diag",
    "mptcp_diag",
];

/// The whole of it, as the guest finds it in [`PLAN`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// Test binaries in their order.
    pub(super) targets: Vec<Target>,
    /// The program that says what a machine can do.
    pub(super) doctor: PathBuf,
    /// `netns-run`.
    pub(super) netns_run: PathBuf,
    /// Tests that do not run here, by their whole names.
    pub(super) skipped: Vec<String>,
    /// Only tests with this in their names.
    pub(super) filter: Option<String>,
    /// Leave out refusals at which programs wait.
    pub(super) short: bool,
    /// Where the suites are that tests run.
    pub(super) suites: PathBuf,
    /// Modules to load.
    pub(super) modules: Vec<String>,
}

/// Where the plan is in the guest's file system.
pub(super) const PLAN: &str = "/netns-plan.json";

/// A binary.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Target {
    /// The name of cargo's target; libraries are named after their packages.
    pub(super) name: String,
    /// The same path as on this machine: a test knows the programs of its package by their paths.
    pub(super) path: PathBuf,
}

/// All that was built.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) tests: Vec<Target>,
    pub(super) suites: Vec<Target>,
    /// Programs of the packages, which tests start.
    pub(super) programs: Vec<PathBuf>,
    pub(super) doctor: Option<PathBuf>,
}

/// Has cargo build the tests, and names the binaries.
///
/// # Errors
///
/// When something does not compile; cargo's own messages are on standard error.
pub(super) fn build(workspace: &Workspace) -> anyhow::Result<Built> {
    // What `cargo test` builds without a choice of targets has the doctor in it as a program, not as a test.
    let all = cargo_messages(workspace, &[])?;
    // The suites are not among them: they have `test = false`.
    let suites = cargo_messages(workspace, &["--test", "*"])?;
    sort_out(workspace.root(), &(all + &suites))
}

fn cargo_messages(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<String> {
    let built = workspace
        .cargo()
        .args(["test", "--no-run", "--workspace", "--message-format", "json-render-diagnostics"])
        .args(arguments)
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
            "example" if name == "doctor" => sorted.doctor = Some(path),
            "bin" if !is_test => sorted.programs.push(path),
            "test" if folder == SUITES => sorted.suites.push(Target { name, path }),
            // The suites' library has no tests, and those of the binaries are no part of the fixtures.
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
    // Both lists of messages have the tests.
    for targets in [&mut sorted.tests, &mut sorted.suites] {
        targets.sort_by(|one, other| one.name.cmp(&other.name));
        targets.dedup_by(|one, other| one.path == other.path);
    }
    sorted.programs.sort();
    sorted.programs.dedup();
    Ok(sorted)
}

/// What of the suite does not run inside, and why.
pub(super) fn excluded() -> impl Iterator<Item = (&'static str, &'static str)> {
    EXCLUDED.iter().chain(TOO_SLOW).copied()
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
            artifact("fixtures", "example", "doctor", false),
            artifact("lint", "test", "rules", true),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let built = sort_out(Path::new("/w"), &messages.join("\n")).unwrap();
        let names = |targets: &[Target]| targets.iter().map(|target| target.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&built.tests), ["fixtures-unit", "labs"]);
        assert_eq!(names(&built.suites), ["mixed"]);
        assert_eq!(built.programs, [PathBuf::from("/t/netns-subject")]);
        assert_eq!(built.doctor, Some(PathBuf::from("/t/doctor")));
        assert!(sort_out(Path::new("/w"), "no json").is_err());
    }
}
