//! Runs the lint over public crates and draws findings for a person to judge: `wild CRATES SAMPLE SEED [JUDGED]`.
//!
//! `CRATES` is a file with a crate and its version, `name-version`, on each line. Cargo fetches them. Prints the number
//! of findings of each rule at default settings on standard error, and `SAMPLE` of the findings, drawn by `SEED`, as
//! rows of tab-separated columns: crate, path, line, rule, message. With `JUDGED`, a table that begins with those
//! columns, rows of that table are left out, so that a second sample is fresh.

mod ended;
mod fetched;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use netns_lint::{Config, Finding, check};

fn main() -> ExitCode {
    ended::ended(run(&std::env::args().skip(1).collect::<Vec<_>>()))
}

fn run(arguments: &[String]) -> Result<(), String> {
    let (crates, count, seed, judged) = match arguments {
        [crates, count, seed] => (crates, count, seed, None),
        [crates, count, seed, judged] => (crates, count, seed, Some(judged)),
        _ => return Err("usage: wild CRATES SAMPLE SEED [JUDGED]".to_owned()),
    };
    let count: usize = count.parse().map_err(|_| format!("`{count}` is no number"))?;
    let seed: u64 = seed.parse().map_err(|_| format!("`{seed}` is no number"))?;
    let lines = |path: &str| std::fs::read_to_string(path).map_err(|error| format!("failed to read {path}: {error}"));
    let crates: BTreeSet<String> = lines(crates)?.lines().map(ToOwned::to_owned).collect();
    let judged: BTreeSet<String> = match judged {
        Some(judged) => lines(judged)?.lines().map(key).collect(),
        None => BTreeSet::new(),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/public-crates/wild");
    let folders = fetched::fetch(&crates, &folder)?;
    let given: Vec<PathBuf> = folders.values().cloned().collect();
    let report = check(&given, &Config::default()).map_err(|error| format!("failed to {error}"))?;
    let mut by_rule = BTreeMap::<&str, usize>::new();
    for finding in &report.findings {
        *by_rule.entry(finding.rule).or_default() += 1;
    }
    eprintln!(
        "{} crates, {} files with test code, {} findings",
        crates.len(),
        report.checked_files(),
        report.findings.len()
    );
    for (rule, count) in by_rule {
        eprintln!("{count:6} {rule}");
    }
    let mut rows: Vec<String> = report.findings.iter().filter_map(|finding| row(finding, &folders)).collect();
    rows.retain(|row| !judged.contains(&key(row)));
    for row in drawn(rows, count, seed) {
        println!("{row}");
    }
    Ok(())
}

fn row(finding: &Finding, folders: &BTreeMap<String, PathBuf>) -> Option<String> {
    let (name, path) =
        folders.iter().find_map(|(name, folder)| Some((name, finding.path.strip_prefix(folder).ok()?)))?;
    Some(format!("{name}\t{}\t{}\t{}\t{}", path.display(), finding.location.start.line, finding.rule, finding.message))
}

/// The crate, path, line and rule of a row.
fn key(row: &str) -> String {
    row.split('\t').take(4).collect::<Vec<_>>().join("\t")
}

/// Draws `count` of the rows with equal chances and keeps their order. The same seed gives the same rows.
fn drawn(mut rows: Vec<String>, count: usize, seed: u64) -> Vec<String> {
    rows.sort();
    let mut random = random::Random(seed);
    let mut chosen = Vec::new();
    while chosen.len() < count && !rows.is_empty() {
        chosen.push(rows.swap_remove(random.below(rows.len())));
    }
    chosen.sort();
    chosen
}
