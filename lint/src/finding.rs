//! What the lint says: a [`Finding`], and the [`Report`] of a run. Every output format is made from these alone.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::span::Location;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(clap::ValueEnum)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Should be changed.
    Warning,
    /// Must be changed: the test can hurt the machine or its neighbours.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// How sure the analysis is, by its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A name alone suggests it.
    Low,
    /// The value is seen, part of its way is guessed.
    Medium,
    /// Source, way and sink were all seen.
    High,
}

/// A further place that explains a finding, in the finding's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// Where.
    pub location: Location,
    /// What happens there.
    pub message: String,
}

/// A change of the finding's file that removes the hazard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What it does, `bind loopback`.
    pub description: String,
    /// In the order of the file; they do not overlap.
    pub edits: Vec<Edit>,
    /// Of the text that it was made for: another text is not changed.
    #[serde(skip)]
    pub(crate) text_hash: u64,
}

/// One place of a [`Fix`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// What is replaced; empty where something is inserted.
    pub location: Location,
    /// What stands there then.
    pub text: String,
}

/// One hazard at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// After configuration.
    pub severity: Severity,
    /// By evidence.
    pub confidence: Confidence,
    /// Relative to the working folder where it lies below it, else as given.
    #[serde(serialize_with = "forward_slashes")]
    pub path: PathBuf,
    /// The place to change.
    pub location: Location,
    /// What and why, with the values that were seen.
    pub message: String,
    /// Where the value came from and which way it took.
    pub labels: Vec<Label>,
    /// What to do, with the name of the fixture API or the standard library's.
    pub help: String,
    /// The same as a change of the file, where one is right whatever the rest of the program is.
    pub fix: Option<Fix>,
    /// Path of modules, types and functions around it, `tests::starts_server`; empty at a file's top.
    pub item: String,
    /// The source of the place on one line, for baselines.
    #[serde(skip)]
    pub snippet: String,
    /// Shown only on request.
    #[serde(skip)]
    pub pedantic: bool,
    /// Hexadecimal; equal as long as rule, path, item and the normalised snippet are, wherever the line moves.
    pub fingerprint: String,
}

fn forward_slashes<S: serde::Serializer>(path: &std::path::Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&slashed(path))
}

/// `path` with forward slashes on every system; bytes that are not UTF-8 are replaced.
pub(crate) fn slashed(path: &std::path::Path) -> String {
    let text = path.to_string_lossy().into_owned();
    if std::path::MAIN_SEPARATOR == '/' { text } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

/// A file that could not be read or parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file or folder.
    #[serde(serialize_with = "forward_slashes")]
    pub path: PathBuf,
    /// Why not.
    pub message: String,
}

/// What the lint did with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileNote {
    /// The file.
    #[serde(serialize_with = "forward_slashes")]
    pub path: PathBuf,
    /// Whether any of it counted as test code.
    pub checked: bool,
    /// Whether it was asked for, or is only read for what its functions do.
    pub reported: bool,
    /// Why it was checked or not.
    pub reason: String,
}

/// Who said that a finding does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressedBy {
    /// A comment in the source.
    Comment,
    /// The baseline.
    Baseline,
}

impl SuppressedBy {
    /// The kind of suppression as SARIF 2.1.0, section 3.35.2 names it.
    pub(crate) fn sarif(self) -> &'static str {
        match self {
            Self::Comment => "inSource",
            Self::Baseline => "external",
        }
    }
}

/// A finding that does not count.
#[derive(Clone, Debug)]
pub struct Suppressed {
    /// What was found.
    pub finding: Finding,
    /// By whom.
    pub kind: SuppressedBy,
    /// Why.
    pub reason: String,
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Findings that do not count, in the order of the files.
    pub suppressed: Vec<Suppressed>,
    /// Sorted by path, place and rule.
    pub findings: Vec<Finding>,
    /// Files and folders that could not be read or parsed, sorted by path.
    pub problems: Vec<Problem>,
    /// Every file that was considered, sorted by path.
    pub files: Vec<FileNote>,
    /// Findings beyond the configured number, which are not kept.
    pub omitted: usize,
}

impl Report {
    /// How many files held code that was checked.
    pub fn checked_files(&self) -> usize {
        self.files.iter().filter(|file| file.checked).count()
    }
}
