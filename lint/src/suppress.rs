//! Suppressions: `// netns-lint: allow(rule, other-rule) reason`, on a line of the finding or on the line above.
//!
//! The reason is required, and a suppression that suppresses nothing is a finding itself: both keep the list of
//! exceptions honest. Only comments count; the words in a string are text.

use crate::catalogue;
use crate::finding::Severity;
use crate::lexical::{Lexeme, lexeme};
use crate::rule::Proposal;
use crate::span::{LineIndex, Location, Span};
use crate::suggestion::did_you_mean;
use crate::tables::SUPPRESSION;

/// One comment.
#[derive(Debug)]
pub(crate) struct Suppression {
    /// The comment.
    pub location: Location,
    pub span: Span,
    /// The rules that it names.
    pub rules: Vec<String>,
    /// The reason; empty if the comment has none.
    pub reason: String,
    /// Whether code precedes it on its line; otherwise it also covers the line below.
    pub trailing: bool,
    /// Whether it suppressed something.
    pub used: bool,
}

/// A finding about a suppression.
pub(crate) struct Complaint {
    pub rule: &'static str,
    pub severity: Severity,
    pub span: Span,
    pub message: String,
    pub help: &'static str,
    pub fix: Option<Proposal>,
}

impl Suppression {
    /// Whether it covers a finding of `rule` at `location`.
    pub(crate) fn covers(&self, rule: &str, location: Location) -> bool {
        let line = self.location.start.line;
        let on_it = (location.start.line..=location.end.line).contains(&line);
        let above = !self.trailing && line + 1 == location.start.line;
        (on_it || above) && self.rules.iter().any(|name| name == rule)
    }

    /// Returns the complaints about the suppression; `used` must be final.
    pub(crate) fn complaints(&self, text: &str) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        let mut complain = |rule, message: String, help| {
            complaints.push(Complaint { rule, severity: Severity::Warning, span: self.span, message, help, fix: None });
        };
        let unknown: Vec<&String> = self.rules.iter().filter(|name| !catalogue::exists(name)).collect();
        for name in &unknown {
            complain(
                "unknown-rule",
                format!("there is no rule `{name}`{}", did_you_mean(name, &catalogue::names())),
                "`cargo netns-lint --rules` lists them",
            );
        }
        if self.rules.is_empty() {
            complain(
                "unknown-rule",
                "the suppression names no rule".to_owned(),
                "write `// netns-lint: allow(rule) reason`",
            );
        }
        if self.reason.is_empty() {
            let help = "say behind the parenthesis why the hazard does no harm here";
            complain("suppression-without-reason", "the suppression does not say why".to_owned(), help);
        }
        if !self.used && unknown.len() < self.rules.len() {
            let names = self.rules.join(", ");
            complain("unused-suppression", format!("nothing of `{names}` is found here"), "remove it");
            if let Some(complaint) = complaints.last_mut() {
                complaint.fix = Some(self.removal(text));
            }
        }
        complaints
    }

    /// Removes the comment and the blanks before it, and the whole line if nothing else is on it.
    fn removal(&self, text: &str) -> Proposal {
        let (start, end) = (self.span.start as usize, self.span.end as usize);
        let blanks = text[..start].len() - text[..start].trim_end_matches([' ', '\t']).len();
        let line_end = text[end..].find('\n').map_or(text.len(), |length| end + length);
        let end = if self.trailing { end } else { (line_end + 1).min(text.len()) };
        let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Proposal::one("remove the suppression", Span::new(offset(start - blanks), offset(end)), "")
    }
}

/// All suppressions of a file.
pub(crate) fn suppressions(text: &str, index: &LineIndex) -> Vec<Suppression> {
    if !text.contains(SUPPRESSION) {
        return Vec::new();
    }
    comments(text)
        .into_iter()
        .filter_map(|(start, end)| {
            let comment = &text[start..end];
            let body = comment.trim_start_matches('/').trim_start().strip_prefix(SUPPRESSION)?.trim_start();
            let list = body.strip_prefix("allow")?.trim_start().strip_prefix('(')?;
            let (names, reason) = list.split_once(')').unwrap_or((list, ""));
            let names = names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
            let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let span = Span::new(u32::try_from(start).ok()?, u32::try_from(end).ok()?);
            Some(Suppression {
                location: index.locate(text, span),
                span,
                rules: names.collect(),
                reason: reason.trim_start_matches([':', '-', ' ', '–', '—']).trim().to_owned(),
                trailing: !text[line_start..start].trim().is_empty(),
                used: false,
            })
        })
        .collect()
}

/// Returns the byte ranges of line comments, outside of strings and block comments.
fn comments(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (lexeme, end) = lexeme(text.as_bytes(), at);
        if lexeme == Lexeme::LineComment {
            found.push((at, at + text[at..end].trim_end().len()));
        }
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Suppression> {
        suppressions(text, &LineIndex::new(text))
    }

    #[test]
    fn only_comments_count() {
        let text = "let a = \"// netns-lint: allow(x) no\"; let b = r#\"// netns-lint: allow(x) \" no\"#;\n\
                    let c = '\"'; // netns-lint: allow(shell-command) yes\n/* // netns-lint: allow(x) no */";
        let found = all(text);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].reason.as_str(), found[0].location.start.line, found[0].trailing), ("yes", 2, true));
    }

    #[test]
    fn complaints_name_what_is_wrong() {
        let names =
            |text: &str| all(text)[0].complaints(text).iter().map(|complaint| complaint.rule).collect::<Vec<_>>();
        assert_eq!(names("// netns-lint: allow(shell-command)"), ["suppression-without-reason", "unused-suppression"]);
        assert_eq!(names("// netns-lint: allow(shel-command) because"), ["unknown-rule"]);
        assert_eq!(names("// netns-lint: allow(shell-command) because"), ["unused-suppression"]);
    }
}
