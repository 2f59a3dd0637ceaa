//! The formats of a report. Each format reads only the [`Report`].

mod github;
mod human;
mod json;
mod sarif;

use std::io::{self, Write};
use std::path::Path;

use crate::finding::{Report, slashed};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: snippets with the spans underlined.
    Human,
    /// For other programs: one document, described in docs/lint-json.md.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands, which GitHub shows beside the lines of a pull request.
    Github,
}

/// Writes `report` to `out`; `terminal` enables colours.
pub(crate) fn write(format: Format, report: &Report, terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, terminal, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Github => github::write(report, out),
    }
}

/// Returns a path as one line of printable text.
pub(crate) fn shown(path: &Path) -> String {
    slashed(path).escape_debug().to_string()
}
