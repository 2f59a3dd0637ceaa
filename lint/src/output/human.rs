//! For people: the snippets with the spans underlined, file by file, and a last line that counts.

use std::io::{self, Write};
use std::path::Path;

use codespan_reporting::diagnostic::{Diagnostic, Label, LabelStyle, Severity as Level};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term::{Config, Styles, StylesWriter, emit_to_io_write, emit_to_write_style, termcolor::Ansi};

use crate::finding::{Finding, Report, Severity, slashed};

/// Longer lines are not shown.
const MAX_LINE_BYTES: usize = 4_096;

pub(super) fn write(report: &Report, terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    let coloured = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut current: Option<(&Path, SimpleFile<String, String>)> = None;
    for finding in &report.findings {
        if current.as_ref().is_none_or(|(path, _)| *path != finding.path) {
            let text = std::fs::read_to_string(&finding.path).unwrap_or_default();
            current = Some((&finding.path, SimpleFile::new(shown(&finding.path), text)));
        }
        if let Some((_, file)) = &current {
            emit(finding, file, coloured, out)?;
        }
    }
    for problem in &report.problems {
        writeln!(out, "error[unparsable-file]: {} {}\n", shown(&problem.path), problem.message)?;
    }
    summary(report, out)
}

fn emit(finding: &Finding, file: &SimpleFile<String, String>, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let range = |location: crate::span::Location| location.start_byte as usize..location.end_byte as usize;
    let length = file.source().len();
    let places = finding.labels.iter().map(|label| label.location).chain([finding.location]);
    let mut lines = places.flat_map(|place| [place.start_byte, place.end_byte]);
    // The file may have changed since it was checked, and a generated line is nothing to show: the place is then said in
    // words alone.
    if length < finding.location.end_byte as usize || lines.any(|byte| is_on_long_line(file.source(), byte as usize)) {
        let start = finding.location.start;
        return writeln!(
            out,
            "{}[{}]: {}\n  at {}:{}:{}\n  = {}\n",
            finding.severity,
            finding.rule,
            finding.message,
            file.name(),
            start.line,
            start.column,
            finding.help
        );
    }
    let mut labels = vec![Label::new(LabelStyle::Primary, (), range(finding.location))];
    for label in &finding.labels {
        labels.push(Label::new(LabelStyle::Secondary, (), range(label.location)).with_message(&label.message));
    }
    let level = match finding.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
        Severity::Note => Level::Note,
    };
    let diagnostic = Diagnostic::new(level)
        .with_code(finding.rule)
        .with_message(&finding.message)
        .with_labels(labels)
        .with_notes(notes(finding));
    let config = Config::default();
    if coloured {
        let styles = Styles::default();
        let mut writer = StylesWriter::new(Ansi::new(out), &styles);
        emit_to_write_style(&mut writer, &config, file, &diagnostic).map_err(io::Error::other)
    } else {
        emit_to_io_write(out, &config, file, &diagnostic).map_err(io::Error::other)
    }
}

/// Whether the line around `byte` is longer than a screen.
fn is_on_long_line(text: &str, byte: usize) -> bool {
    let text = text.as_bytes();
    let at = byte.min(text.len());
    let is_end = |byte: &u8| *byte == b'\n';
    let (from, to) = (at.saturating_sub(MAX_LINE_BYTES), (at + MAX_LINE_BYTES).min(text.len()));
    let long_before = at - from == MAX_LINE_BYTES && !text[from..at].iter().any(is_end);
    let long_behind = to - at == MAX_LINE_BYTES && !text[at..to].iter().any(is_end);
    long_before || long_behind
}

fn notes(finding: &Finding) -> Vec<String> {
    let fix = finding.fix.as_ref().map(|fix| format!("fix: `--fix` can {}", fix.description));
    [format!("help: {}", finding.help)].into_iter().chain(fix).collect()
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let count = |severity: Severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let mut parts = Vec::new();
    for (number, word) in [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Note), "note"),
        (report.problems.len(), "unreadable file"),
        (report.omitted, "further finding"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {word}{}", if number == 1 { "" } else { "s" }));
        }
    }
    let found = if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") };
    writeln!(out, "netns-lint: {found}; {} of {} files hold test code", report.checked_files(), report.files.len())
}

/// A path as a person can read it on one line.
fn shown(path: &Path) -> String {
    slashed(path).escape_debug().to_string()
}
