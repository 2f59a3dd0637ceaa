//! Reads a file: rejects unsuitable ones, and cuts off the text before the Rust code.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::lexical::depth;

/// Larger files are rejected: they are generated, and a syntax tree takes 30 times the size of the text.
pub(crate) const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// The maximum nesting of brackets; deeper nesting would overflow the parser's stack.
pub(crate) const MAX_NESTING: usize = 1_000;
/// The maximum length of a chain of operators, calls or prefixes; the tree is as deep as the chain is long.
pub(crate) const MAX_CHAIN: usize = 8_000;

/// The files of a run: from disk, except those that a fix has changed in memory.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// The full text of edited files, by path.
    pub edited: BTreeMap<PathBuf, String>,
}

impl Sources {
    /// Reads `path`.
    ///
    /// # Errors
    /// See [`Source::read`].
    pub(crate) fn read(&self, path: &Path) -> Result<Source, String> {
        self.edited.get(path).map_or_else(|| Source::read(path), |text| Source::from_text(text.clone()))
    }

    /// Returns the text of `path`, if it is readable.
    pub(crate) fn text(&self, path: &Path) -> Option<String> {
        self.edited.get(path).cloned().or_else(|| std::fs::read_to_string(path).ok())
    }
}

/// The text of a file, and the offset of the parser's text.
#[derive(Debug)]
pub(crate) struct Source {
    /// The whole text, including a byte order mark and a shebang line.
    pub text: String,
    /// The length of the part that the parser does not receive: byte order mark, shebang line, front matter of a
    /// script.
    pub prefix: u32,
}

impl Source {
    /// Reads `path`.
    ///
    /// # Errors
    /// A sentence fragment with the reason why the file is not checked: unreadable, not a regular file, too large, not
    /// UTF-8, nested too deeply.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        // Check before opening: opening a pipe would wait for a writer.
        if !metadata.is_file() {
            return Err("is not a regular file".to_owned());
        }
        let file = File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(MAX_FILE_BYTES)).unwrap_or_default() + 1);
        // The file may grow between the two calls, so limit the read itself.
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(format!("is larger than {MAX_FILE_BYTES} bytes"));
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| format!("is not UTF-8: byte {} cannot be read", error.utf8_error().valid_up_to()))?;
        Self::from_text(text)
    }

    /// Accepts a text from another source.
    ///
    /// # Errors
    /// See [`Source::read`], for the checks of the text.
    pub(crate) fn from_text(text: String) -> Result<Self, String> {
        let depth = depth(&text);
        if depth.brackets > MAX_NESTING {
            return Err(format!("is nested deeper than {MAX_NESTING} brackets"));
        }
        if depth.chain > MAX_CHAIN {
            return Err(format!("has an expression or a type of more than {MAX_CHAIN} parts in one another"));
        }
        let prefix = u32::try_from(prefix_length(&text)).map_err(|_| "is too large".to_owned())?;
        Ok(Self { text, prefix })
    }

    /// Returns the parser's text.
    pub(crate) fn code(&self) -> &str {
        &self.text[self.prefix as usize..]
    }
}

/// Returns the length of a byte order mark, a shebang line (not an inner attribute), and `---` front matter.
fn prefix_length(text: &str) -> usize {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    if rest.starts_with("#!") && !rest[2..].trim_start().starts_with('[') {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
    }
    let fence = rest.trim_start();
    if let Some(dashes) = fence.find(|c| c != '-').filter(|count| *count >= 3) {
        let fence_text = &fence[..dashes];
        let mut position = fence.find('\n').map_or(fence.len(), |end| end + 1);
        while position < fence.len() {
            let line_end = fence[position..].find('\n').map_or(fence.len(), |end| position + end + 1);
            let line = fence[position..line_end].trim_end();
            position = line_end;
            if line == fence_text {
                return text.len() - fence[position..].len();
            }
        }
    }
    text.len() - rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(text: &str) -> String {
        Source::from_text(text.to_owned()).expect("accepted").code().to_owned()
    }

    #[test]
    fn what_stands_before_the_code_is_cut_off() {
        assert_eq!(code_of("\u{feff}fn a() {}"), "fn a() {}");
        assert_eq!(code_of("#!/usr/bin/env run\nfn a() {}"), "fn a() {}");
        assert_eq!(code_of("#![no_std]\nfn a() {}"), "#![no_std]\nfn a() {}");
        assert_eq!(code_of("#!/usr/bin/env cargo\n---\n[package]\n---\nfn a() {}"), "fn a() {}");
        assert_eq!(code_of(""), "");
    }

    #[test]
    fn deep_nesting_is_refused_and_ordinary_nesting_is_not() {
        let nested = |depth: usize| format!("fn a() {{ {}1{} }}", "(".repeat(depth), ")".repeat(depth));
        assert!(Source::from_text(nested(10_000)).is_err());
        assert!(Source::from_text(nested(100)).is_ok());
        assert!(Source::from_text(format!("fn a() {{ {}1 }}", "!".repeat(20_000))).is_err());
        assert!(Source::from_text(format!("// {}\nfn a() {{}}", "-".repeat(300))).is_ok());
    }
}
