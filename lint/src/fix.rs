//! Fixes: turns the edits that rules propose into changes of files.
//!
//! A rule proposes a fix only if the change is correct for every possible rest of the program; otherwise it only writes
//! a help text. This module guarantees that
//! - a fix is applied as a whole or not at all, and fixes in one round never overlap;
//! - the result parses; a fix that breaks it is skipped;
//! - only the checked text is changed: a file that has changed since is skipped;
//! - a file is replaced atomically, by renaming a complete new file, and keeps its permissions.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::finding::{Edit, Finding, Fix, Report, slashed};
use crate::hash::hash;
use crate::rule::Proposal;
use crate::source::{Source, Sources};
use crate::span::LineIndex;
use crate::stack::with_worker_stack;

/// The maximum number of rounds; greater than the number of findings at any location.
const MAX_ROUNDS: usize = 16;

/// A file with the fixes of its findings applied.
#[derive(Debug)]
pub(crate) struct Change {
    /// The file.
    pub path: PathBuf,
    /// The current text.
    pub before: String,
    /// The new text.
    pub after: String,
    /// The number of findings that the change removes.
    pub fixes: usize,
}

/// Converts `proposal` into a fix for the file with that `text`, whose [`hash`] is `text_hash`.
pub(crate) fn settled(mut proposal: Proposal, text: &str, text_hash: u64, index: &LineIndex) -> Fix {
    proposal.edits.sort_by_key(|(span, _)| *span);
    let edits = proposal.edits.into_iter();
    Fix {
        description: proposal.description.to_owned(),
        edits: edits.map(|(span, new)| Edit { location: index.locate(text, span), text: new }).collect(),
        text_hash,
    }
}

/// Applies fixes in memory until no round changes anything. Returns the changes and the report of the remaining
/// findings.
///
/// A fix that overlaps another, or that becomes possible only after another, is applied in a later round. `first` is
/// the report of the files on disk; `check` reports on the edited files.
pub(crate) fn all_changes(
    first: Report,
    check: &dyn Fn(&Sources) -> Result<Report, Error>,
) -> Result<(Vec<Change>, Report), Error> {
    let mut sources = Sources::default();
    let mut all = BTreeMap::<PathBuf, Change>::new();
    let mut report = first;
    for _ in 0..MAX_ROUNDS {
        let changes = with_worker_stack(|| changes(&report, &sources))?;
        if changes.is_empty() {
            break;
        }
        for change in changes {
            sources.edited.insert(change.path.clone(), change.after.clone());
            match all.get_mut(&change.path) {
                Some(known) => {
                    known.after = change.after;
                    known.fixes += change.fixes;
                }
                None => drop(all.insert(change.path.clone(), change)),
            }
        }
        report = check(&sources)?;
    }
    Ok((all.into_values().collect(), report))
}

/// Returns the changes that the fixes of a report make, by file. Needs the stack of a worker, because it parses.
fn changes(report: &Report, sources: &Sources) -> Vec<Change> {
    let mut by_file = BTreeMap::<&Path, Vec<&Fix>>::new();
    for Finding { path, fix, .. } in &report.findings {
        if let Some(fix) = fix {
            by_file.entry(path).or_default().push(fix);
        }
    }
    by_file
        .into_iter()
        .filter_map(|(path, mut fixes)| {
            let before = sources.text(path)?;
            let now = hash(before.as_bytes());
            fixes.retain(|fix| fix.text_hash == now);
            let (after, fixes) = applied(&before, &fixes)?;
            Some(Change { path: path.to_owned(), before, after, fixes })
        })
        .collect()
}

/// Returns the text with as many fixes as can be combined, and their number; `None` if there are none.
pub(crate) fn applied(text: &str, fixes: &[&Fix]) -> Option<(String, usize)> {
    let mut chosen: Vec<&Fix> = Vec::new();
    for fix in fixes {
        if !chosen.iter().any(|other| touches(fix, other)) {
            chosen.push(fix);
        }
    }
    let all = replaced(text, &chosen);
    if !chosen.is_empty() && parses(&all) {
        return Some((all, chosen.len()));
    }
    let mut good: Vec<&Fix> = Vec::new();
    for fix in chosen {
        good.push(fix);
        if !parses(&replaced(text, &good)) {
            good.pop();
        }
    }
    (!good.is_empty()).then(|| (replaced(text, &good), good.len()))
}

/// Whether two fixes overlap or touch; the order of two insertions at the same offset is undefined.
fn touches(one: &Fix, other: &Fix) -> bool {
    let (one, other) = (one.edits.iter().map(range), other.edits.iter().map(range));
    one.clone().any(|a| other.clone().any(|b| a.start <= b.end && b.start <= a.end))
}

fn range(edit: &Edit) -> Range<usize> {
    edit.location.start_byte as usize..edit.location.end_byte as usize
}

fn replaced(text: &str, fixes: &[&Fix]) -> String {
    let mut edits: Vec<&Edit> = fixes.iter().flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| edit.location);
    let mut result = String::with_capacity(text.len() + 64 * edits.len());
    let mut done = 0;
    for edit in edits {
        let Range { start, end } = range(edit);
        result.push_str(text.get(done..start).unwrap_or_default());
        result.push_str(&edit.text);
        done = end;
    }
    result.push_str(text.get(done..).unwrap_or_default());
    result
}

fn parses(text: &str) -> bool {
    let parsed = Source::from_text(text.to_owned()).is_ok_and(|source| syn::parse_file(source.code()).is_ok());
    proc_macro2::extra::invalidate_current_thread_spans();
    parsed
}

impl Change {
    /// Returns the change in a format that `git apply` and `patch -p1` accept.
    pub(crate) fn diff(&self) -> String {
        let path = slashed(&self.path);
        let [from, to] = if self.path.is_absolute() {
            [path.clone(), path]
        } else {
            let path = path.strip_prefix("./").unwrap_or(&path);
            [format!("a/{path}"), format!("b/{path}")]
        };
        let quoted = |name: String| {
            let escaped = name.escape_debug().to_string();
            if escaped == name && !name.contains(' ') { name } else { format!("\"{escaped}\"") }
        };
        let diff = similar::TextDiff::from_lines(&self.before, &self.after);
        diff.unified_diff().header(&quoted(from), &quoted(to)).to_string()
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// If the file cannot be replaced, or if its content has changed since; the file then stays unchanged.
    pub(crate) fn write(&self) -> io::Result<()> {
        // Replaces the target of a symbolic link and keeps the link.
        let path = self.path.canonicalize()?;
        if std::fs::read_to_string(&path)? != self.before {
            return Err(io::Error::other("it was changed in the meantime"));
        }
        // The new file is in the same directory, so that the rename stays within one file system.
        let mut new =
            tempfile::Builder::new().prefix(".netns-lint-").tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
        new.write_all(self.after.as_bytes())?;
        new.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
        new.as_file().sync_all()?;
        new.persist(&path).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    fn fix(text: &str, edits: &[(Range<u32>, &str)]) -> Fix {
        let edits = edits.iter().map(|(range, new)| (Span::new(range.start, range.end), (*new).to_owned())).collect();
        settled(Proposal { description: "change", edits }, text, hash(text.as_bytes()), &LineIndex::new(text))
    }

    #[test]
    fn a_fix_that_touches_another_waits_for_the_next_run() {
        let text = "fn a() {}";
        let (b, c) = (fix(text, &[(3..4, "b"), (6..6, " ")]), fix(text, &[(4..4, "c")]));
        assert_eq!(applied(text, &[&b, &c]), Some(("fn b()  {}".to_owned(), 1)));
        assert_eq!(applied(text, &[&c, &b]), Some(("fn ac() {}".to_owned(), 1)));
        assert_eq!(applied(text, &[]), None);
    }

    #[test]
    fn a_fix_that_breaks_the_file_is_left_out_alone() {
        let text = "fn a() {}";
        let (broken, good) = (fix(text, &[(0..2, "fun")]), fix(text, &[(3..4, "b")]));
        assert_eq!(applied(text, &[&broken, &good]), Some(("fn b() {}".to_owned(), 1)));
        assert_eq!(applied(text, &[&broken]), None);
    }

    #[test]
    fn a_file_that_was_changed_in_the_meantime_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.rs");
        std::fs::write(&path, "fn other() {}").expect("written");
        let change = Change { path: path.clone(), before: "fn a() {}".into(), after: "fn b() {}".into(), fixes: 1 };
        assert!(change.write().is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "fn other() {}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left");
    }
}
