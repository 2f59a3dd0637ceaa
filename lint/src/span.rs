//! Locations in a source file.
//!
//! The analysis uses byte ranges ([`Span`]). The file's [`LineIndex`] converts them to lines and columns ([`Location`])
//! only for reports. Lines and columns are 1-based; columns count characters (Unicode scalar values). Byte offsets are
//! 0-based and start at the first byte of the file, including a byte order mark.

use serde::Serialize;

/// A half-open byte range of one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Creates the span `start..end`.
    pub(crate) fn new(start: u32, end: u32) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Whether `other` is inside the span.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Returns the span that covers both spans and the bytes between them.
    #[must_use]
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A 1-based line and a 1-based column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LineCol {
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
}

/// A span with lines and columns, for people and tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The first character.
    pub start: LineCol,
    /// One past the last character.
    pub end: LineCol,
    /// 0-based offset of the first byte.
    pub start_byte: u32,
    /// 0-based offset one past the last byte.
    pub end_byte: u32,
}

/// The offsets of the lines of a file.
#[derive(Debug)]
pub(crate) struct LineIndex {
    line_starts: Vec<u32>,
    /// The number of characters before each block of [`BLOCK`] bytes, because a line may be as long as the file.
    characters: Vec<u32>,
}

const BLOCK: usize = 1_024;

fn characters_in(bytes: &[u8]) -> u32 {
    let continuation = |byte: &&u8| **byte & 0b1100_0000 == 0b1000_0000;
    u32::try_from(bytes.iter().filter(|byte| !continuation(byte)).count()).unwrap_or(u32::MAX)
}

impl LineIndex {
    /// Indexes `text`, whose length must fit a `u32` (the reader rejects larger files).
    pub(crate) fn new(text: &str) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().zip(1u32..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next));
        let mut characters = vec![0];
        let mut before = 0;
        for block in text.as_bytes().chunks(BLOCK) {
            before += characters_in(block);
            characters.push(before);
        }
        Self { line_starts, characters }
    }

    /// Converts `span` to lines and columns of `text`, which must be the indexed text.
    ///
    /// A byte order mark does not count as a character of the first line.
    pub(crate) fn locate(&self, text: &str, span: Span) -> Location {
        Location {
            start: self.line_col(text, span.start),
            end: self.line_col(text, span.end),
            start_byte: span.start,
            end_byte: span.end,
        }
    }

    fn line_col(&self, text: &str, byte: u32) -> LineCol {
        let line = self.line_starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.line_starts[line] as usize;
        let mut at = (byte as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let mark = u32::from(start == 0 && at > 0 && text.starts_with('\u{feff}'));
        let column = self.before(text, at) - self.before(text, start) - mark;
        LineCol { line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1), column: column.saturating_add(1) }
    }

    /// Returns the number of characters before the byte `at`.
    fn before(&self, text: &str, at: usize) -> u32 {
        let block = at / BLOCK;
        self.characters[block] + characters_in(&text.as_bytes()[block * BLOCK..at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_bytes_count_bytes() {
        let text = "let a = 1;\nlet ü = \"é\"; x";
        let at = u32::try_from(text.find('x').expect("the text holds an x")).expect("short");
        let location = LineIndex::new(text).locate(text, Span::new(at, at + 1));
        assert_eq!(location.start, LineCol { line: 2, column: 14 });
        assert_eq!(location.end, LineCol { line: 2, column: 15 });
        assert_eq!(location.start_byte, at);
    }

    #[test]
    fn a_byte_order_mark_takes_bytes_but_no_column() {
        let text = "\u{feff}x\r\ny";
        let index = LineIndex::new(text);
        assert_eq!(index.locate(text, Span::new(3, 4)).start, LineCol { line: 1, column: 1 });
        assert_eq!(index.locate(text, Span::new(6, 7)).start, LineCol { line: 2, column: 1 });
    }

    #[test]
    fn long_lines_are_counted_as_short_ones_are() {
        let text = format!("\u{feff}{}x\n{}y", "é".repeat(3_000), "😀".repeat(1_024));
        let index = LineIndex::new(&text);
        for (byte, place) in [(3 + 6_000, (1, 3_001)), (3 + 6_002 + 4_096, (2, 1_025)), (3 + 6_003 + 4_096, (2, 1_026))]
        {
            let start = index.locate(&text, Span::new(byte, byte)).start;
            assert_eq!((start.line, start.column), place);
        }
    }
}
