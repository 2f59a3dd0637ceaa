//! Scores the lint against the labels of a blind set: `score LABELS FOLDER`.
//!
//! `LABELS` has a row for each hazard that a reader saw, in tab-separated columns: crate, file, line, hazard, tier,
//! reason. `FOLDER` is the folder that `draw` wrote. Only findings count that name a place in the files that the reader
//! got: their own, or that of a test that reaches them. A finding matches a label of its hazard within three lines of
//! such a place. Prints each miss and each finding without a label, then the numbers for both tiers.

mod ended;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use netns_lint::{Config, check};

/// The most lines between a finding and its label.
const LINES: u32 = 3;
/// Rules that share a hazard: the readers labelled a host on the Internet as an address, and used one label for every
/// wait.
const SAME_HAZARD: &[(&str, &str)] =
    &[("public-internet", "literal-address"), ("client-without-timeout", "unbounded-wait")];

/// A file, and lines of it.
type Lines = (String, std::ops::RangeInclusive<u32>);

/// A hazard that a reader or the lint names.
struct Hazard {
    places: Vec<Lines>,
    name: String,
    is_pedantic: bool,
    text: String,
}

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [labels, folder] = arguments.as_slice() else {
        eprintln!("usage: score LABELS FOLDER");
        return ExitCode::from(2);
    };
    ended::ended(run(labels, folder))
}

fn run(labels: &Path, folder: &Path) -> Result<(), String> {
    let read =
        |path: &Path| fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()));
    let labels: Vec<Hazard> = read(labels)?.lines().filter_map(label).collect();
    let files: BTreeSet<String> = read(&folder.join("files.tsv"))?.lines().skip(1).filter_map(file).collect();
    let crates = folder.join("crates");
    let crates = fs::canonicalize(&crates).map_err(|error| format!("cannot find {}: {error}", crates.display()))?;
    for (name, pedantic) in [("default", false), ("pedantic", true)] {
        let findings = findings(&crates, &files, pedantic)?;
        let wanted: Vec<&Hazard> = labels.iter().filter(|label| pedantic || !label.is_pedantic).collect();
        let missed: Vec<&&Hazard> =
            wanted.iter().filter(|label| !findings.iter().any(|finding| is_same(finding, label))).collect();
        let wrong: Vec<&Hazard> =
            findings.iter().filter(|finding| !labels.iter().any(|label| is_same(finding, label))).collect();
        for hazard in &missed {
            println!("{name}\tmissed\t{}", hazard.text);
        }
        for hazard in &wrong {
            println!("{name}\tunlabelled\t{}", hazard.text);
        }
        let (found, right) = (wanted.len() - missed.len(), findings.len() - wrong.len());
        println!(
            "{name}: {found} of {} labels found, {right} of {} findings match a label",
            wanted.len(),
            findings.len()
        );
    }
    Ok(())
}

fn label(row: &str) -> Option<Hazard> {
    let [package, path, line, hazard, tier, _] = row.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let line: u32 = line.parse().ok()?;
    Some(Hazard {
        places: vec![(format!("{package}/{path}"), line..=line)],
        name: hazard.to_owned(),
        is_pedantic: tier == "pedantic",
        text: row.to_owned(),
    })
}

/// The path in a row of `files.tsv`, below the folder of the crates.
fn file(row: &str) -> Option<String> {
    let mut cells = row.split('\t');
    Some(format!("{}/{}", cells.next()?, cells.next()?))
}

/// The findings of a run with or without `--pedantic`. A finding of one run may hide another, so neither run contains
/// the other.
fn findings(crates: &Path, files: &BTreeSet<String>, pedantic: bool) -> Result<Vec<Hazard>, String> {
    let packages: BTreeSet<&str> = files.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let config = Config { pedantic, ..Config::default() };
    let mut found = Vec::new();
    for package in packages {
        let report = check(&[crates.join(package)], &config).map_err(|error| format!("failed to {error}"))?;
        for finding in report.findings {
            // Findings in the working directory have relative paths.
            let below = |path: &Path| {
                let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
                whole.strip_prefix(crates).unwrap_or(&whole).display().to_string()
            };
            let path = below(&finding.path);
            let own = finding.labels.iter().map(|label| label.location).chain([finding.location]);
            let callers = finding.callers.iter().map(|caller| (below(&caller.path), caller.location));
            let places = own.map(|location| (path.clone(), location)).chain(callers);
            let places = places.filter(|(path, _)| files.contains(path));
            let places: Vec<Lines> =
                places.map(|(path, location)| (path, location.start.line..=location.end.line)).collect();
            if places.is_empty() {
                continue;
            }
            let text = format!("{path}\t{}\t{}\t{}", finding.location.start.line, finding.rule, finding.message);
            found.push(Hazard { places, name: finding.rule.to_owned(), is_pedantic: pedantic, text });
        }
    }
    Ok(found)
}

fn is_same(finding: &Hazard, label: &Hazard) -> bool {
    let hazard = &label.name;
    let is_hazard =
        finding.name == *hazard || SAME_HAZARD.iter().any(|(rule, known)| *rule == finding.name && known == hazard);
    let is_near = |(path, lines): &Lines| {
        let is_in = |line: &std::ops::RangeInclusive<u32>| {
            line.start() + LINES >= *lines.start() && *line.end() <= lines.end() + LINES
        };
        label.places.iter().any(|(own, line)| own == path && is_in(line))
    };
    is_hazard && finding.places.iter().any(is_near)
}
