//! Workflow commands, which GitHub shows beside the lines of a pull request.

use std::io::{self, Write};

use crate::finding::{Report, Severity, slashed};

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let (start, end) = (finding.location.start, finding.location.end);
        let path = property(&slashed(&finding.path));
        write!(out, "::{command} file={path},line={},endLine={}", start.line, end.line)?;
        // Columns are only accepted for annotations of one line.
        if start.line == end.line {
            write!(out, ",col={},endColumn={}", start.column, end.column)?;
        }
        let message = text(&format!("{}\nhelp: {}", finding.message, finding.help));
        writeln!(out, ",title={}::{message}", property(finding.rule))?;
    }
    for problem in &report.problems {
        let path = property(&slashed(&problem.path));
        writeln!(out, "::error file={path},title=unparsable-file::{}", text(&problem.message))?;
    }
    Ok(())
}

/// The escapes of a message.
fn text(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The escapes of a property, where commas and colons separate.
fn property(value: &str) -> String {
    text(value).replace(':', "%3A").replace(',', "%2C")
}
