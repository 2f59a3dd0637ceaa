//! `cargo xtask bench NAME`: finds and starts a bench of the `bench` workspace, in release mode. The bench measures and prints.

mod peers;

use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::workspace::{Workspace, hand_on};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask bench isolation          a table
  cargo xtask bench isolation --json   one array of {name, unit, n, median, p95, ratio_to_floor}
  cargo xtask bench labs --peers       beside patchbay, netsim, pyroute2 and `ip netns`, which it installs below bench/data
  cargo xtask bench links --peers      beside rattan
  cargo xtask bench isolation --json | jq '.[] | select(.name == \"isolation/prepared\").ratio_to_floor'

A figure is a ratio to the floor of the same run: the machine's speed and its other work are in both.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// What to measure.
    #[arg(value_enum)]
    name: Name,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    /// How often each is measured [default: the bench's own].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    samples: Option<u32>,
    /// Measure other ways to the same network too; of `labs` and `links` only. Off by default, because building them takes minutes and a network.
    #[arg(long)]
    peers: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// The cost of an empty annotated test, and the memory that the zygote holds.
    Isolation,
    /// The cost of a program that a test starts.
    Processes,
    /// The cost of networks of two, a hundred and five hundred hosts.
    Labs,
    /// Round trips beside ping's, a matrix of fifty hosts, and a ping in the background.
    Probes,
    /// Throughput and added latency of links with conditions, and the time until such a lab is up.
    Links,
    /// The cost of the lint on six million lines, which the first run downloads, beside ripgrep, ast-grep and semgrep.
    Lint,
}

/// Builds and runs the bench; returns its exit status.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let peers = match options.name {
        Name::Labs => Some(peers::OF_LABS),
        Name::Links => Some(peers::OF_LINKS),
        _ => None,
    };
    ensure!(!options.peers || peers.is_some(), "only `bench labs` and `bench links` have peers to measure");
    let binary = match options.name {
        Name::Isolation => "isolation",
        Name::Processes => "processes",
        Name::Labs => "labs",
        Name::Probes => "probes",
        Name::Links => "links",
        Name::Lint => "lint",
    };
    let mut bench = workspace.bench_cargo();
    bench.args(["run", "--release", "--quiet", "--bin", binary, "--"]);
    if options.json {
        bench.arg("--json");
    }
    if let Some(samples) = options.samples {
        bench.arg("--samples").arg(samples.to_string());
    }
    if let Some(peers) = peers.filter(|_| options.peers) {
        bench.args(peers::install(workspace, peers));
    }
    hand_on(&mut bench)
}
