//! Fixes: what a rule would write instead, and how that gets into files.
//!
//! A rule offers a fix only where the change is right whatever the rest of the program is; everything else is help in
//! words. Here it is made sure that
//! - a fix is applied whole or not at all, and none that touches another;
//! - what comes out can be parsed, else the fix that breaks it is left out;
//! - only the text that was checked is changed: a file that has become another one since is left alone;
//! - a file is replaced at once, by a rename of one that is complete, and keeps its permissions.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::engine::hash;
use crate::finding::{Edit, Finding, Fix, Report, slashed};
use crate::source::Source;
use crate::span::{LineIndex, Span};

/// What a rule would write, before lines and columns are known.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    /// What it does.
    pub description: &'static str,
    /// What is replaced by what.
    pub edits: Vec<(Span, String)>,
}

impl Proposal {
    /// One place.
    pub(crate) fn one(description: &'static str, span: Span, text: impl Into<String>) -> Self {
        Self { description, edits: vec![(span, text.into())] }
    }

    /// Inserts `text` at the offset `at`.
    pub(crate) fn insert(description: &'static str, at: u32, text: impl Into<String>) -> Self {
        Self::one(description, Span::new(at, at), text)
    }

    /// As it is told to others, for the file with that `text`, whose [`hash`] is `text_hash`.
    pub(crate) fn settled(mut self, text: &str, text_hash: u64, index: &LineIndex) -> Fix {
        self.edits.sort_by_key(|(span, _)| *span);
        let edits = self.edits.into_iter();
        Fix {
            description: self.description.to_owned(),
            edits: edits.map(|(span, new)| Edit { location: index.locate(text, span), text: new }).collect(),
            text_hash,
        }
    }
}

/// A file with the fixes of its findings.
#[derive(Debug)]
pub(crate) struct Change {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub before: String,
    /// What it should hold.
    pub after: String,
    /// How many findings that removes.
    pub fixes: usize,
}

/// What the fixes of a report change, file by file. Needs the stack of a worker, because it parses.
pub(crate) fn changes(report: &Report) -> Vec<Change> {
    let mut by_file = BTreeMap::<&Path, Vec<&Fix>>::new();
    for Finding { path, fix, .. } in &report.findings {
        if let Some(fix) = fix {
            by_file.entry(path).or_default().push(fix);
        }
    }
    by_file
        .into_iter()
        .filter_map(|(path, mut fixes)| {
            let before = std::fs::read_to_string(path).ok()?;
            let now = hash(before.as_bytes());
            fixes.retain(|fix| fix.text_hash == now);
            let (after, fixes) = applied(&before, &fixes)?;
            Some(Change { path: path.to_owned(), before, after, fixes })
        })
        .collect()
}

/// The text with as many of the fixes as go together, and their number; `None` if that is none.
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

/// Also where one ends as the other begins: which of two insertions comes first is not ours to say.
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
    /// As `git apply` and `patch -p1` read it.
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
    /// If that cannot be done, or if the file holds something else by now; it is as it was then.
    pub(crate) fn write(&self) -> io::Result<()> {
        // A symbolic link stays one: what it leads to is replaced.
        let path = self.path.canonicalize()?;
        if std::fs::read_to_string(&path)? != self.before {
            return Err(io::Error::other("it was changed in the meantime"));
        }
        let mut new = Unfinished::beside(&path)?;
        new.file.write_all(self.after.as_bytes())?;
        new.file.set_permissions(std::fs::metadata(&path)?.permissions())?;
        new.file.sync_all()?;
        new.become_file(&path)
    }
}

/// A file that is removed unless it becomes the one that it was made for.
struct Unfinished {
    file: File,
    path: PathBuf,
}

impl Unfinished {
    /// A new file in the same folder, so that the rename stays within one file system.
    fn beside(path: &Path) -> io::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut refused = io::Error::other("no name is free");
        for attempt in 0..100 {
            let path = path.with_file_name(format!(".{name}.netns-lint-{attempt}"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { file, path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
                Err(error) => return Err(error),
            }
        }
        Err(refused)
    }

    fn become_file(self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // It is gone already when it has become the other one.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(text: &str, edits: &[(Range<u32>, &str)]) -> Fix {
        let edits = edits.iter().map(|(range, new)| (Span::new(range.start, range.end), (*new).to_owned())).collect();
        Proposal { description: "change", edits }.settled(text, hash(text.as_bytes()), &LineIndex::new(text))
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
