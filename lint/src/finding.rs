//! The lint's results: a [`Finding`], and the [`Report`] of a run. Every output format reads only these.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::span::Location;

/// The severity of a finding.
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

/// How certain the analysis is, based on its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Only a name suggests the hazard.
    Low,
    /// The analysis sees the value but guesses part of its path.
    Medium,
    /// The analysis sees the source, the path and the sink.
    High,
}

/// A further location that explains a finding, in the finding's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The location.
    pub location: Location,
    /// The event at that location.
    pub message: String,
}

/// A call through which a test reaches a finding in a helper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caller {
    /// The file of the call, as [`Finding::path`].
    #[serde(serialize_with = "forward_slashes")]
    pub path: PathBuf,
    /// The call.
    pub location: Location,
}

/// A change to the finding's file that removes the hazard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The effect of the fix, for example `bind loopback`.
    pub description: String,
    /// In file order; edits never overlap.
    pub edits: Vec<Edit>,
    /// Hash of the text that the fix was made for; the fix is not applied to any other text.
    #[serde(skip)]
    pub(crate) text_hash: u64,
}

/// One edit of a [`Fix`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The text to replace; empty for an insertion.
    pub location: Location,
    /// The new text.
    pub text: String,
}

/// One hazard at one location.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// The severity after configuration.
    pub severity: Severity,
    /// The confidence, based on the evidence.
    pub confidence: Confidence,
    /// Relative to the working directory if the file is inside it, otherwise as the caller passed it.
    #[serde(serialize_with = "forward_slashes")]
    pub path: PathBuf,
    /// The location to change.
    pub location: Location,
    /// The hazard and its reason, with the values that the analysis saw.
    pub message: String,
    /// The origin of the value and the path that it took.
    pub labels: Vec<Label>,
    /// The calls through which tests reach the finding, if it is in a helper: those of its file first.
    pub callers: Vec<Caller>,
    /// The number of callers that are not listed.
    pub more_callers: usize,
    /// The remedy, with the name of the fixture or standard library API.
    pub help: String,
    /// The remedy as an edit of the file; only if the edit is correct for every possible rest of the program.
    pub fix: Option<Fix>,
    /// Path of the enclosing modules, types and functions, `tests::starts_server`; empty at the top of a file.
    pub item: String,
    /// The source at the location, on one line, for baselines.
    #[serde(skip)]
    pub snippet: String,
    /// Reported only on request.
    #[serde(skip)]
    pub pedantic: bool,
    /// Hexadecimal; depends on the rule, path, item and normalised snippet, and not on the line.
    pub fingerprint: String,
}

fn forward_slashes<S: serde::Serializer>(path: &std::path::Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&slashed(path))
}

/// Returns `path` with forward slashes on every system, and replaces bytes that are not UTF-8.
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
    /// The reason.
    pub message: String,
    /// The severity after configuration. An error marks the run as incomplete; any other severity counts as a finding.
    pub severity: Severity,
}

impl Problem {
    /// Returns a problem with severity error; the configuration may lower it later.
    pub(crate) fn new(path: PathBuf, message: String) -> Self {
        Self { path, message, severity: Severity::Error }
    }
}

/// A bound of the analysis that a file, or the whole run, has reached: a finding may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The file, or a folder for the whole run.
    #[serde(serialize_with = "forward_slashes")]
    pub path: PathBuf,
    /// The bound and its effect.
    pub message: String,
}

/// How the lint treated a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileNote {
    /// The file.
    #[serde(serialize_with = "forward_slashes")]
    pub path: PathBuf,
    /// Whether any of its code counted as test code.
    pub checked: bool,
    /// Whether the caller requested the file; otherwise the lint only reads it for the effects of its functions.
    pub reported: bool,
    /// The reason why the file was checked or skipped.
    pub reason: String,
}

/// The mechanism that suppressed a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressedBy {
    /// A comment in the source.
    Comment,
    /// The baseline.
    Baseline,
}

impl SuppressedBy {
    /// Returns the kind of suppression as named in SARIF 2.1.0, section 3.35.2.
    pub(crate) fn sarif(self) -> &'static str {
        match self {
            Self::Comment => "inSource",
            Self::Baseline => "external",
        }
    }
}

/// A suppressed finding.
#[derive(Clone, Debug)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// The mechanism that suppressed it.
    pub kind: SuppressedBy,
    /// The reason for the suppression.
    pub reason: String,
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Suppressed findings, in file order.
    pub suppressed: Vec<Suppressed>,
    /// Sorted by path, location and rule.
    pub findings: Vec<Finding>,
    /// Files and folders that could not be read or parsed, sorted by path.
    pub problems: Vec<Problem>,
    /// The bounds that cut the analysis short, in the order of the files.
    pub notes: Vec<Note>,
    /// Every file that the run considered, sorted by path.
    pub files: Vec<FileNote>,
    /// Findings beyond the configured limit, which the report drops.
    pub omitted: usize,
}

impl Report {
    /// Whether a file or folder could not be read or parsed, and the configuration left that an error.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Returns the number of files with checked code.
    pub fn checked_files(&self) -> usize {
        self.files.iter().filter(|file| file.checked).count()
    }
}
