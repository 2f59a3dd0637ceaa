//! The baseline: findings from before the lint was introduced, which do not count until their code changes.
//!
//! An entry has a rule, a path, an item, a normalised snippet and a count, but no line number, so that it stays valid
//! when lines move. It covers exactly its count: an additional finding of the kind counts, and a missing one makes the
//! entry stale. A stale entry is itself a finding, so that the list only shrinks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::error::Error;
use crate::finding::{Confidence, Finding, Report, Severity, Suppressed, SuppressedBy, slashed};
use crate::hash::hash;
use crate::paths::{absolute, tidy};
use crate::span::{LineIndex, Span};

/// The rule of stale entries.
pub(crate) const STALE: &str = "stale-baseline";

/// The key of an entry.
type Key = (String, String, String, String);

/// The entries of a baseline file.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    path: PathBuf,
    text: String,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    count: usize,
    range: std::ops::Range<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    finding: Vec<Spanned<Row>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    rule: String,
    path: String,
    item: String,
    snippet: String,
    count: usize,
}

impl Baseline {
    /// Reads a baseline; returns an empty one if the file does not exist and it `may_be_missing`.
    ///
    /// # Errors
    /// [`Error::Config`] if the file cannot be read or parsed.
    pub(crate) fn read(path: &Path, may_be_missing: bool) -> Result<Self, Error> {
        let wrong = |message: String| Error::Config { path: path.to_path_buf(), message };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if may_be_missing && error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let document: Document =
            toml::from_str(&text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        let entries = document.finding.into_iter().map(|row| {
            let range = row.span();
            let Row { rule, path, item, snippet, count } = row.into_inner();
            Entry { key: (rule, path, item, snippet), count, range }
        });
        Ok(Self { path: path.to_path_buf(), entries: entries.collect(), text })
    }

    /// Removes the covered findings from the report, and adds the stale entries with the severity `stale`.
    pub(crate) fn apply(&self, report: &mut Report, stale: Option<Severity>) {
        if self.entries.is_empty() {
            return;
        }
        let mut left = BTreeMap::<&Key, usize>::new();
        for entry in &self.entries {
            *left.entry(&entry.key).or_default() += entry.count;
        }
        let root = root_of(&self.path);
        let (mut covered, mut rest) = (Vec::new(), Vec::new());
        for finding in std::mem::take(&mut report.findings) {
            match left.get_mut(&key_of(&finding, &root)).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    covered.push(finding);
                }
                None => rest.push(finding),
            }
        }
        report.findings = rest;
        report.suppressed.extend(covered.into_iter().map(|finding| Suppressed {
            finding,
            kind: SuppressedBy::Baseline,
            reason: "in the baseline".to_owned(),
        }));
        if let Some(severity) = stale {
            let seen = seen(report, &root);
            let stale = self.entries.iter().filter_map(|entry| {
                let surplus = std::mem::take(left.get_mut(&entry.key)?).min(entry.count);
                (surplus > 0 && !entry.is_elsewhere(&seen, &root)).then(|| self.stale(entry, surplus, severity))
            });
            report.findings.extend(stale);
        }
    }

    fn stale(&self, entry: &Entry, surplus: usize, severity: Severity) -> Finding {
        let (rule, path, item, snippet) = &entry.key;
        let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        let span = Span::new(offset(entry.range.start), offset(entry.range.end));
        let times = if surplus == 1 { "once".to_owned() } else { format!("{surplus} times") };
        Finding {
            rule: STALE,
            severity,
            confidence: Confidence::High,
            path: tidy(&self.path),
            location: LineIndex::new(&self.text).locate(&self.text, span),
            message: format!("`{rule}` is no longer found {times} in `{path}` that the baseline lists"),
            labels: Vec::new(),
            callers: Vec::new(),
            more_callers: 0,
            help: "write the baseline again: `cargo netns-lint --write-baseline`".to_owned(),
            fix: None,
            item: item.clone(),
            snippet: snippet.clone(),
            pedantic: false,
            fingerprint: format!("{:016x}", hash(format!("{STALE}\0{rule}\0{path}\0{item}\0{snippet}").as_bytes())),
        }
    }
}

impl Entry {
    /// Whether the entry is about a file outside the run, so that it may still be valid.
    fn is_elsewhere(&self, seen: &BTreeSet<String>, root: &Path) -> bool {
        let (_, path, ..) = &self.key;
        !seen.contains(path) && root.join(path).exists()
    }
}

/// Returns the files that were part of a run.
fn seen(report: &Report, root: &Path) -> BTreeSet<String> {
    report.files.iter().filter(|file| file.reported).map(|file| relative(&file.path, root)).collect()
}

/// Returns the text of a baseline at `path` that covers every finding of a report. Entries of `before` about files
/// outside the run are kept.
pub(crate) fn text_of(report: &Report, path: &Path, before: &Baseline) -> String {
    let root = root_of(path);
    let seen = seen(report, &root);
    let elsewhere = before.entries.iter().filter(|entry| entry.is_elsewhere(&seen, &root));
    let mut counts: BTreeMap<Key, usize> = elsewhere.map(|entry| (entry.key.clone(), entry.count)).collect();
    for finding in report.findings.iter().filter(|finding| finding.rule != STALE) {
        *counts.entry(key_of(finding, &root)).or_default() += 1;
    }
    let mut entries: Vec<(&Key, &usize)> = counts.iter().collect();
    entries.sort_by_key(|((rule, path, item, snippet), _)| (path, item, rule, snippet));
    let mut text =
        "# Findings that do not count until they are touched: `cargo netns-lint --write-baseline`.\n".to_owned();
    for ((rule, path, item, snippet), count) in entries {
        text.push_str("\n[[finding]]\n");
        for (name, value) in [("rule", rule), ("path", path), ("item", item), ("snippet", snippet)] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
        let _ = writeln!(text, "count = {count}");
    }
    text
}

/// Returns a TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns the directory that the paths of a baseline are relative to: the directory of the baseline.
fn root_of(path: &Path) -> PathBuf {
    absolute(path).parent().unwrap_or(Path::new("/")).to_path_buf()
}

fn relative(path: &Path, root: &Path) -> String {
    let path = absolute(path);
    slashed(path.strip_prefix(root).unwrap_or(&path))
}

fn key_of(finding: &Finding, root: &Path) -> Key {
    (finding.rule.to_owned(), relative(&finding.path, root), finding.item.clone(), finding.snippet.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::finding::FileNote;

    const CODE: &str =
        "fn f() { std::net::TcpListener::bind(\"0.0.0.0:0\"); std::net::TcpListener::bind(\"0.0.0.0:0\"); }";

    fn report(code: &str) -> Report {
        let files = vec![FileNote { path: "case.rs".into(), checked: true, reported: true, reason: String::new() }];
        Report { findings: crate::engine::findings_in(code, &Config::default()), files, ..Report::default() }
    }

    fn baseline(folder: &Path, text: &str) -> Baseline {
        let path = folder.join("baseline.toml");
        std::fs::write(&path, text).expect("written");
        Baseline::read(&path, false).expect("understood")
    }

    /// The paths of findings are relative to the working directory, so the baseline must be there.
    fn text_here(code: &str) -> String {
        text_of(&report(code), Path::new("baseline.toml"), &Baseline::default())
    }

    #[test]
    fn an_entry_covers_exactly_its_count() {
        let mut known = Baseline { path: "baseline.toml".into(), ..Baseline::default() };
        let folder = tempfile::tempdir().expect("a folder");
        known.entries = baseline(folder.path(), &text_here(CODE)).entries;
        assert_eq!(known.entries.len(), 1, "two equal findings are one entry");
        let mut same = report(CODE);
        known.apply(&mut same, Some(Severity::Warning));
        assert_eq!((same.findings.len(), same.suppressed.len()), (0, 2));
        let mut more = report(&CODE.replacen(
            "std::net::TcpListener::bind(\"0.0.0.0:0\");",
            "{ std::net::TcpListener::bind(\"0.0.0.0:0\"); std::net::TcpListener::bind(\"0.0.0.0:0\"); }",
            1,
        ));
        known.apply(&mut more, Some(Severity::Warning));
        assert_eq!((more.findings.len(), more.suppressed.len()), (1, 2));
        let mut less = report("fn f() { std::net::TcpListener::bind(\"0.0.0.0:0\"); }");
        known.apply(&mut less, Some(Severity::Warning));
        assert_eq!(less.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), [STALE]);
        let mut unjudged = report("fn f() {}");
        known.apply(&mut unjudged, None);
        assert_eq!(unjudged.findings, []);
    }

    #[test]
    fn a_run_over_a_part_keeps_what_is_said_of_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("baseline.toml");
        let entry = |file: &str| {
            format!("[[finding]]\nrule = \"r\"\npath = \"{file}\"\nitem = \"i\"\nsnippet = \"s\"\ncount = 2\n")
        };
        for file in ["seen.rs", "elsewhere.rs"] {
            std::fs::write(folder.path().join(file), "").expect("written");
        }
        let before = baseline(folder.path(), &["seen.rs", "elsewhere.rs", "gone.rs"].map(entry).join("\n"));
        let note =
            FileNote { path: folder.path().join("seen.rs"), checked: true, reported: true, reason: String::new() };
        let text = text_of(&Report { files: vec![note], ..Report::default() }, &path, &before);
        let kept = baseline(folder.path(), &text).entries;
        assert_eq!(
            kept.iter().map(|entry| (entry.key.1.as_str(), entry.count)).collect::<Vec<_>>(),
            [("elsewhere.rs", 2)]
        );
    }

    #[test]
    fn lines_may_move() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut known = Baseline { path: "baseline.toml".into(), ..Baseline::default() };
        known.entries = baseline(folder.path(), &text_here(CODE)).entries;
        let mut moved = report(&format!("// a line\n\n{}", CODE.replace("; ", ";\n\n")));
        known.apply(&mut moved, Some(Severity::Warning));
        assert_eq!(moved.findings, []);
    }

    #[test]
    fn every_text_survives_being_written() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["a \"b\" \\ c", "\u{7f}\u{0}\n\t", "é 😀 # = [x]"] {
            let written = format!(
                "[[finding]]\nrule = \"r\"\npath = \"p\"\nitem = \"i\"\nsnippet = {}\ncount = 1\n",
                quoted(text)
            );
            assert_eq!(baseline(folder.path(), &written).entries[0].key.3, text);
        }
    }

    #[test]
    fn what_is_no_baseline_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.toml");
        assert!(Baseline::read(&path, true).is_ok() && Baseline::read(&path, false).is_err());
        std::fs::write(&path, "[[finding]]\nrule = 1\n").expect("written");
        assert!(Baseline::read(&path, true).is_err());
    }
}
