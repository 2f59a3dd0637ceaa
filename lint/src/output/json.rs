//! Output for other programs. `docs/lint-json.md` documents the schema; `version` changes when a field is removed or
//! changes its meaning, but not when a field is added.

use std::io::{self, Write};

use serde::Serialize;

use crate::finding::{Finding, Note, Problem, Report};

/// The version of the format.
pub(crate) const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tool: Tool,
    findings: &'a [Finding],
    problems: &'a [Problem],
    notes: &'a [Note],
    omitted_findings: usize,
    checked_files: usize,
    files: usize,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        version: VERSION,
        tool: Tool { name: "netns-lint", version: env!("CARGO_PKG_VERSION") },
        findings: &report.findings,
        problems: &report.problems,
        notes: &report.notes,
        omitted_findings: report.omitted,
        checked_files: report.checked_files(),
        files: report.files.len(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
