//! Workflow commands, which GitHub displays next to the lines of a pull request.

use std::io::{self, Write};

use crate::engine::UNPARSABLE;
use crate::finding::{Report, Severity, slashed};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let command = command(finding.severity);
        let (start, end) = (finding.location.start, finding.location.end);
        let path = property(&slashed(&finding.path));
        write!(out, "::{command} file={path},line={},endLine={}", start.line, end.line)?;
        // GitHub accepts columns only for annotations of a single line.
        if start.line == end.line {
            write!(out, ",col={},endColumn={}", start.column, end.column)?;
        }
        let message = text(&format!("{}\nhelp: {}", finding.message, finding.help));
        writeln!(out, ",title={}::{message}", property(finding.rule))?;
    }
    for problem in &report.problems {
        let path = property(&slashed(&problem.path));
        let command = command(problem.severity);
        writeln!(out, "::{command} file={path},title={UNPARSABLE}::{}", text(&problem.message))?;
    }
    Ok(())
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

/// Escapes a message.
fn text(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property, in which commas and colons are separators.
fn property(value: &str) -> String {
    text(value).replace(':', "%3A").replace(',', "%2C")
}
