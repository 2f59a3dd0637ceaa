//! Output for people: snippets with underlined spans, grouped by file, and a summary line.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use codespan_reporting::diagnostic::{Diagnostic, Label, LabelStyle, Severity as Level};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term::{Config, Styles, StylesWriter, emit_to_io_write, emit_to_write_style, termcolor::Ansi};

use super::shown;
use crate::engine::UNPARSABLE;
use crate::finding::{Caller, Finding, Report, Severity};
use crate::span::Location;

/// Longer lines are not displayed.
const MAX_LINE_BYTES: usize = 4_096;
/// The maximum number of callers that a finding shows.
const MAX_CALLERS: usize = 5;

pub(super) fn write(report: &Report, terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    let coloured = terminal && allows_colour(std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
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
        writeln!(out, "{}[{UNPARSABLE}]: {} {}\n", problem.severity, shown(&problem.path), problem.message)?;
    }
    for note in &report.notes {
        writeln!(out, "note: {}: {}\n", shown(&note.path), note.message)?;
    }
    summary(report, out)
}

fn emit(finding: &Finding, file: &SimpleFile<String, String>, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let range = |location: Location| location.start_byte as usize..location.end_byte as usize;
    let is_shown = |location: Location| {
        let is_long =
            [location.start_byte, location.end_byte].iter().any(|byte| is_on_long_line(file.source(), *byte as usize));
        file.source().get(range(location)).is_some() && !is_long
    };
    // The file may have changed since the check, or the line may be too long to display; the location is then written
    // as text only.
    if !is_shown(finding.location) || !finding.labels.iter().all(|label| is_shown(label.location)) {
        let start = finding.location.start;
        return writeln!(
            out,
            "{}[{}]: {}\n  at {}:{}:{}\n  = help: {}\n",
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

/// Whether the output may have colours: respects <https://no-color.org> and terminals without colours.
fn allows_colour(no_color: Option<OsString>, term: Option<OsString>) -> bool {
    no_color.is_none_or(|value| value.is_empty()) && term.is_none_or(|value| value != "dumb")
}

/// Whether the line around `byte` is longer than [`MAX_LINE_BYTES`].
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
    let callers = callers(finding);
    callers.into_iter().chain([format!("help: {}", finding.help)]).chain(fix).collect()
}

/// Returns the note that names the first calls through which tests reach the finding.
fn callers(finding: &Finding) -> Option<String> {
    let place = |caller: &Caller| format!("{}:{}", shown(&caller.path), caller.location.start.line);
    let mut places: Vec<String> = finding.callers.iter().map(place).collect();
    places.dedup();
    let all = places.len() + finding.more_callers;
    places.truncate(MAX_CALLERS);
    let more = all - places.len();
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!places.is_empty()).then(|| format!("reached from: {}{more}", places.join(", ")))
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Config;

    /// Returns the report about a file with one finding, written after `change` was applied to the file.
    fn written(code: &str, change: impl FnOnce(&Path)) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.rs");
        fs::write(&path, code).expect("written");
        let config = Config { all_code: true, ..Config::default() };
        let report = crate::engine::check(std::slice::from_ref(&path), &config).expect("a file");
        assert_eq!(report.findings.len(), 1);
        change(&path);
        let mut out = Vec::new();
        write(&report, false, &mut out).expect("in memory");
        String::from_utf8(out).expect("text")
    }

    const CODE: &str = "fn f() { /* x */ std::net::TcpListener::bind(\"0.0.0.0:0\"); }";

    #[test]
    fn a_place_is_shown_or_said() {
        assert!(written(CODE, |_| {}).contains("│") || written(CODE, |_| {}).contains("^^^"));
        let said = "a.rs:1:46\n  = help: ";
        assert!(written(CODE, |path| fs::remove_file(path).expect("removed")).contains(said));
        assert!(written(CODE, |path| fs::write(path, "fn").expect("written")).contains(said));
        // The end of the span is now inside a character.
        let other = "é".repeat(100);
        assert!(written(CODE, |path| fs::write(path, other).expect("written")).contains(said));
        let long = format!("/*{}*/", "-".repeat(10_000));
        let text = written(&CODE.replace("/* x */", &long), |_| {});
        assert!(text.len() < 1_000 && text.contains("a.rs:1:10043"), "{text}");
        assert!(written(&format!("{long}\n{CODE}\n{long}"), |_| {}).contains("^^^"));
    }

    #[test]
    fn colour_is_for_terminals_that_want_it() {
        let text = |text: &str| Some(OsString::from(text));
        assert!(allows_colour(None, text("xterm")) && allows_colour(text(""), None));
        assert!(!allows_colour(text("1"), text("xterm")) && !allows_colour(None, text("dumb")));
    }
}
