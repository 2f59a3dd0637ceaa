//! `cargo xtask real-suites`: runs the tests of published crates as an unprivileged user, plain and under the runner of `cargo netns-run`.
//!
//! cargo downloads the unchanged sources from the registry, at the versions listed here. Each test binary runs alone, twice; the comparison
//! uses libtest's lines for each test.

use std::process::ExitCode;

use anstream::{eprintln, println};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};

use crate::program::stop_on_signals;
use crate::published_suite::{Published, Run, Sources, Stage, number_of};
use crate::workspace::{BAD, GOOD, Workspace};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask real-suites            every suite, with a table
  cargo xtask real-suites --show     with the tests that still fail, and what they print

docs/real-suites.md has the cause of every test that still fails.

Exit status: 0 under netns-run everything passed but what that page explains, 1 it did not, 2 usage or a crate that does not build.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Print the output of suites in which tests fail under netns-run.
    #[arg(long)]
    show: bool,
}

/// A published crate with a suite that needs a network or privileges.
struct Suite {
    of: Published,
    /// Features without which parts of the suite are not compiled.
    features: &'static [&'static str],
    /// Options of netns-run that the suite needs.
    options: &'static [&'static str],
    /// Tests that also fail under netns-run, for the reasons in docs/real-suites.md.
    explained: &'static [&'static str],
}

const SUITES: &[Suite] = &[
    // Links of many kinds and queueing disciplines, in named namespaces, which are files below /run.
    Suite {
        of: Published { name: "rtnetlink", version: "0.24.0" },
        features: &[],
        options: &["--veth", "--private", "/run"],
        explained: RTNETLINK,
    },
    // Named namespaces.
    Suite {
        of: Published { name: "netns-rs", version: "0.2.0" },
        features: &[],
        options: &["--private", "/run"],
        explained: &[],
    },
    // Raw netlink sockets of several families.
    Suite { of: Published { name: "neli", version: "0.7.5" }, features: &[], options: &[], explained: &[] },
    // Sockets of every kind.
    Suite { of: Published { name: "socket2", version: "0.6.5" }, features: &["all"], options: &[], explained: &[] },
    // Devices that a program creates.
    Suite { of: Published { name: "tun", version: "0.8.14" }, features: &["async"], options: &[], explained: TUN },
];

/// The kernel needs support for the device: vrf, wireguard, dummy.
const RTNETLINK: &[&str] = &[
    "link::test::create_delete_vrf",
    "link::test::create_get_delete_macvlan",
    "link::test::create_get_delete_wg",
    "traffic_control::add_qdisc::test::test_new_qdisc",
];

/// On machines without udev, only root may open /dev/net/tun.
const TUN: &[&str] = &[
    "platform::test::create",
    "platform::test::recv_timeout_returns_a_packet_arriving_before_expiry",
    "platform::test::recv_timeout_times_out_on_a_silent_device",
];

/// netns-run has a deadline; timeout(1) sets one for a plain run.
const DEADLINE: &str = "120s";

/// Runs as a step of `ci`; returns whether all failures are explained.
pub(crate) fn as_step(workspace: &Workspace) -> anyhow::Result<bool> {
    Ok(run_suites(workspace, &Options { show: false })? == ExitCode::SUCCESS)
}

/// Runs all suites twice. Exits with 0 if the failures under netns-run are the explained ones.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    // A signal must not leave the folder with the binaries behind.
    stop_on_signals()?;
    run_suites(workspace, options)
}

fn run_suites(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let stage = Stage::new(workspace)?;
    let runner = stage.add_netns_run(workspace)?;
    let place = Sources::new(workspace, "real-suites")?;
    let crates: Vec<_> = SUITES.iter().map(|suite| suite.of).collect();
    let sources = place.fetch(workspace, &crates)?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["crate", "", "passed", "failed", "ignored"]);
    for column in 2..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut unexplained = Vec::new();
    for (suite, source) in SUITES.iter().zip(&sources) {
        let Published { name, version } = suite.of;
        eprintln!("{name} {version}");
        let arguments = ["--lib", "--tests", "--features", &suite.features.join(",")];
        let binaries = place.build(workspace, source, &arguments, &stage)?;
        // One test at a time: the suites use the names of devices and namespaces together.
        let run = |runner: &[&str], show| {
            stage.run(&binaries, source, &Run { runner, threads: Some("1"), variables: &[], show })
        };
        let plain = run(&["timeout", DEADLINE], false)?;
        let words = [&[&runner[..], "--deadline", DEADLINE], suite.options, &["--"]].concat();
        let isolated = run(&words, options.show)?;
        for (how, told) in [("plain", &plain), ("netns-run", &isolated)] {
            let count = |outcome| number_of(told, outcome).to_string();
            table.add_row([&format!("{name} {version}"), how, &count("ok"), &count("FAILED"), &count("ignored")]);
        }
        for (test, _) in isolated.iter().filter(|(_, outcome)| *outcome == "FAILED") {
            let is_explained = suite.explained.iter().any(|explained| test.ends_with(&format!(" {explained}")));
            println!(
                "{} {name} {test}: {}",
                BAD.paint("fails under netns-run:"),
                if is_explained { "see docs/real-suites.md" } else { "not explained" }
            );
            if !is_explained {
                unexplained.push(test.clone());
            }
        }
        for (test, _) in plain
            .iter()
            .filter(|(test, outcome)| *outcome == "ok" && isolated.get(*test).is_none_or(|told| told != "ok"))
        {
            println!("{} {name} {test}", BAD.paint("passes only plain:"));
            unexplained.push(test.clone());
        }
    }
    println!("\n{table}");
    let good = unexplained.is_empty();
    println!(
        "{}",
        if good { GOOD.paint("real suites passed").to_string() } else { BAD.paint("real suites failed").to_string() }
    );
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
