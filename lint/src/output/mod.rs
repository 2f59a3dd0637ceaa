//! The formats of a report. Each is made from [`Report`] alone.

mod human;

use std::io::{self, Write};

use crate::finding::Report;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people: snippets with the spans underlined.
    Human,
}

/// Writes `report` to `out`; `terminal` says whether a person watches.
pub(crate) fn write(format: Format, report: &Report, terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, terminal, out),
    }
}
