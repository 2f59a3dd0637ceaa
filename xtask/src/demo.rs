//! `cargo xtask demo`: shows the project in a minute. It runs commands that a user would copy and checks that each part has the announced
//! result.

use std::process::{Command, ExitCode, Output};

use anstream::{eprintln, println};
use anyhow::Context;

use crate::workspace::{BAD, GOOD, HEADING, Workspace};

/// The exit status of a test binary with a failed test; source: library/test/src/lib.rs of the Rust sources.
const LIBTEST_FAILED: i32 = 101;

/// The message of the test that fails on purpose; a failure without it has another cause.
const ON_PURPOSE: &str = "this is the failure on purpose";

/// The rules that match the sample's defects, in the order of the defects.
const FIVE_DEFECTS: [&str; 5] =
    ["unbounded-env-duration", "shell-command", "unclaimed-name", "literal-address", "privileged-command"];

const SAMPLE: &str = "tests/examples/five_defects/sample.rs";

/// Runs the three parts. Exits with 0 if each had the announced result, else with 1.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    eprintln!("{} (once; later runs start at once)", HEADING.paint("Building the examples"));
    let built = workspace
        .cargo()
        // Builds with the whole workspace's features, so that `cargo test --workspace` reuses the dependencies.
        .args(["test", "--workspace", "--no-run", "--test", "examples", "--test", "fails_on_purpose"])
        .status()
        .context("failed to start cargo")?;
    anyhow::ensure!(built.success(), "the examples did not build");

    let parts = [passing_tests(workspace)?, a_failure(workspace)?, five_defects(workspace)];
    if parts.contains(&false) {
        println!("\n{} `cargo xtask doctor` says what this machine can do.", BAD.paint("Not as it should be:"));
        return Ok(ExitCode::FAILURE);
    }
    println!("\n{}", HEADING.paint("Read next"));
    println!("  tests/examples/README.md        whole test files, to copy");
    println!("  README.md                       what you can rely on, where it does not work, the variables");
    println!("  docs/limitations.md             what a test still shares with its machine");
    println!("  cargo xtask doctor              what this kernel and this user can do");
    println!("  cargo xtask lint --help         the lint, for your own tests");
    Ok(ExitCode::SUCCESS)
}

fn passing_tests(workspace: &Workspace) -> anyhow::Result<bool> {
    heading(1, "Tests with a network of their own", "tests/examples/loopback.rs, tests/examples/tcp.rs");
    let ended = test(workspace, "examples").args(["loopback::", "tcp::"]).status().context("failed to start cargo")?;
    Ok(tell(ended.success(), "both files bind fixed ports, 53 and 80, side by side and without root", "a test failed"))
}

fn a_failure(workspace: &Workspace) -> anyhow::Result<bool> {
    heading(2, "A test that fails on purpose", "tests/examples/fails_on_purpose.rs");
    let Output { status, stdout, stderr } =
        test(workspace, "fails_on_purpose").output().context("failed to start cargo")?;
    let report = String::from_utf8_lossy(&stdout);
    for line in report.lines() {
        println!("  {}", line.trim_end());
    }
    let as_it_should = status.code() == Some(LIBTEST_FAILED) && report.contains(ON_PURPOSE);
    if !as_it_should {
        eprintln!("{}", String::from_utf8_lossy(&stderr));
    }
    Ok(tell(
        as_it_should,
        "it failed as it should: the message, the place, both values, and what the test printed",
        "it did not fail in the way that it should",
    ))
}

fn five_defects(workspace: &Workspace) -> bool {
    heading(3, "The lint, on a source with five defects", SAMPLE);
    let lint = |format: &[&str]| {
        let program = std::env::current_exe().context("failed to find this program")?;
        Command::new(program)
            .current_dir(workspace.root())
            .arg("lint")
            .args(format)
            .arg(SAMPLE)
            .output()
            .context("failed to start the lint")
    };
    let shown = lint(&[]).inspect(|human| println!("{}", String::from_utf8_lossy(&human.stdout).trim_end()));
    let found = lint(&["--format", "json"]).and_then(|json| rules_of(&json.stdout));
    let complete = match (shown, found) {
        (Ok(shown), Ok(found)) => {
            shown.status.code() == Some(1) && FIVE_DEFECTS.iter().all(|rule| found.iter().any(|name| name == rule))
        }
        (Err(error), _) | (_, Err(error)) => {
            eprintln!("{error:#}");
            false
        }
    };
    tell(complete, "all five were found", "not all five were found")
}

/// Returns the rules of the findings in a report.
fn rules_of(json: &[u8]) -> anyhow::Result<Vec<String>> {
    let report: serde_json::Value = serde_json::from_slice(json).context("the lint's report is no JSON")?;
    let findings = report["findings"].as_array().context("the lint's report has no findings")?;
    Ok(findings.iter().filter_map(|finding| finding["rule"].as_str()).map(str::to_owned).collect())
}

fn test(workspace: &Workspace, target: &str) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--quiet", "--workspace", "--test", target, "--", "--format", "pretty"]);
    // The demo shows the message and the location, whatever the user's shell sets.
    cargo.env("RUST_BACKTRACE", "0");
    cargo
}

fn heading(number: u8, title: &str, source: &str) {
    println!("\n{}  {source}", HEADING.paint(format_args!("{number} of 3: {title}")));
}

/// Prints the result of a part, and returns it.
fn tell(good: bool, if_good: &str, if_bad: &str) -> bool {
    if good {
        println!("{} {if_good}", GOOD.paint("✓"));
    } else {
        println!("{} {if_bad}", BAD.paint("✗"));
    }
    good
}
