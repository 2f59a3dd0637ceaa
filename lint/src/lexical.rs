//! Finds strings and comments and measures nesting without the parser. The parser recurses, so input that would
//! overflow its stack must be detected first.

use std::borrow::Cow;
use std::ops::Range;

/// The kind of token at a byte outside any other token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lexeme {
    /// `// …`, without the line break.
    LineComment,
    /// `/* … */`, including nested comments.
    BlockComment,
    /// A string, byte string or character, with prefix and quotes.
    Text,
    /// An identifier, keyword or number, or a part of one.
    Word,
    /// White space.
    Space,
    /// Any other single character.
    Mark,
}

/// Returns the token that starts at the byte `at` of `text`, and the offset of its end.
pub(crate) fn lexeme(text: &[u8], at: usize) -> (Lexeme, usize) {
    let end = word_end(text, at);
    if end > at {
        return after_prefix(text, at, end).map_or((Lexeme::Word, end), |end| (Lexeme::Text, end));
    }
    match (text[at], text.get(at + 1).copied()) {
        (b' ' | b'\n' | b'\t' | b'\r' | b'\x0c', _) => (Lexeme::Space, at + 1),
        (b'/', Some(b'/')) => (Lexeme::LineComment, at + text[at..].iter().take_while(|byte| **byte != b'\n').count()),
        (b'/', Some(b'*')) => (Lexeme::BlockComment, after_block_comment(text, at)),
        (b'"', _) => (Lexeme::Text, after_string(text, at + 1)),
        (b'\'', _) => after_character(text, at).map_or((Lexeme::Mark, at + 1), |end| (Lexeme::Text, end)),
        _ => (Lexeme::Mark, at + 1),
    }
}

/// Returns the end of the word that starts at `at`; `at` itself if there is no word.
pub(crate) fn word_end(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| IS_WORD[usize::from(**byte)]).count()
}

/// Bytes of non-ASCII characters count as letters.
const IS_WORD: [bool; 256] = {
    let mut is_word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let character = byte as u8;
        is_word[byte] = character.is_ascii_alphanumeric() || character == b'_' || character >= 128;
        byte += 1;
    }
    is_word
};

/// Returns the end of the string or character whose prefix is the word `start..end`.
fn after_prefix(text: &[u8], start: usize, end: usize) -> Option<usize> {
    if !matches!(text.get(end), Some(b'"' | b'\'' | b'#')) {
        return None;
    }
    match (&text[start..end], text[end]) {
        (b"b" | b"c", b'"') => Some(after_string(text, end + 1)),
        (b"b", b'\'') => after_character(text, end),
        (b"r" | b"br" | b"cr", _) => {
            let hashes = text[end..].iter().take_while(|byte| **byte == b'#').count();
            let inside = end + hashes + 1;
            if text.get(end + hashes) != Some(&b'"') {
                return None;
            }
            let closes =
                |at: usize| text[at..].iter().skip(1).take(hashes).filter(|byte| **byte == b'#').count() == hashes;
            let quote = (inside..text.len()).find(|at| text[*at] == b'"' && closes(*at));
            Some(quote.map_or(text.len(), |at| at + 1 + hashes))
        }
        _ => None,
    }
}

fn after_string(text: &[u8], mut at: usize) -> usize {
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

/// Returns the end of the character literal whose quote is at `at`; `None` for a lifetime, which has no closing quote.
fn after_character(text: &[u8], at: usize) -> Option<usize> {
    let first = *text.get(at + 1)?;
    if first == b'\\' {
        let rest = text.get(at + 3..)?;
        return rest.iter().position(|byte| *byte == b'\'').map(|length| at + 4 + length);
    }
    let width = 1 + text[at + 2..].iter().take_while(|byte| (128..192).contains(*byte)).count();
    (text.get(at + 1 + width) == Some(&b'\'')).then_some(at + 2 + width)
}

fn after_block_comment(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// The nesting of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Nested brackets.
    pub brackets: usize,
    /// Words and marks that may each nest in the previous one, as in `a.b().c()`, `1 + 1 + 1`, `&&&x`, `else if`:
    /// counted since the last separator, in the current bracket and all enclosing ones.
    pub chain: usize,
}

/// Returns an upper bound of the depth of the syntax tree of `text`.
pub(crate) fn depth(text: &str) -> Depth {
    let text = text.as_bytes();
    let mut deepest = Depth::default();
    // The count outside each open bracket, and the count since the last separator inside.
    let mut around: Vec<usize> = Vec::new();
    let (mut outside, mut inside) = (0, 0);
    let mut ended_block = false;
    let mut at = 0;
    while at < text.len() {
        let (lexeme, end) = lexeme(text, at);
        if matches!(lexeme, Lexeme::Space | Lexeme::LineComment | Lexeme::BlockComment) {
            at = end;
            continue;
        }
        let mark = if lexeme == Lexeme::Mark { text[at] } else { 0 };
        // A block ends a statement or an item, unless an operator follows.
        if std::mem::take(&mut ended_block) && !goes_on(mark, &text[at..end]) {
            inside = 0;
        }
        match mark {
            b'(' | b'[' | b'{' => {
                around.push(outside);
                outside += inside + 1;
                inside = 0;
            }
            b')' | b']' | b'}' => {
                let before = around.pop().unwrap_or_default();
                inside = outside.saturating_sub(before);
                outside = before;
                ended_block = mark == b'}';
            }
            b';' | b',' => inside = 0,
            _ => inside += 1,
        }
        deepest.brackets = deepest.brackets.max(around.len());
        deepest.chain = deepest.chain.max(outside + inside);
        at = end;
    }
    deepest
}

fn goes_on(mark: u8, word: &[u8]) -> bool {
    b".?+-*/%^&|<>=!([".contains(&mark) || matches!(word, b"else" | b"as")
}

/// Replaces every list of numbers longer than `length` bytes by blanks. Rules ignore generated tables, and their syntax
/// tree is a hundred times as large. Byte offsets do not change.
pub(crate) fn without_tables(code: &str, length: usize) -> Cow<'_, str> {
    let tables = tables(code.as_bytes(), length);
    if tables.is_empty() {
        return Cow::Borrowed(code);
    }
    let mut plain = String::with_capacity(code.len());
    let mut done = 0;
    for table in tables {
        plain.push_str(&code[done..table.start]);
        plain.extend(std::iter::repeat_n(' ', table.len()));
        done = table.end;
    }
    plain.push_str(&code[done..]);
    Cow::Owned(plain)
}

/// Returns the ranges between the brackets of lists of numbers, and of lists, tuples and structs of numbers.
fn tables(text: &[u8], length: usize) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // Offsets of the brackets that contain only numbers so far, and whether the current item must end first.
    let mut open = Vec::new();
    let (mut in_item, mut at) = (false, 0);
    while at < text.len() {
        let (lexeme, end) = lexeme(text, at);
        match (lexeme, text[at]) {
            (Lexeme::Space, _) => {}
            (Lexeme::Mark, b'[' | b'(' | b'{') if !in_item || open.is_empty() => {
                open.push(end);
                in_item = false;
            }
            (Lexeme::Mark, mark @ (b']' | b')' | b'}')) => {
                if let Some(start) = open.pop().filter(|start| mark == b']' && at - start > length) {
                    found.retain(|inner| inner.end < start);
                    found.push(start..at);
                }
                in_item = true;
            }
            (Lexeme::Mark, b',' | b'-' | b'.' | b':') => in_item = false,
            (Lexeme::Word, b'0'..=b'9') if !in_item => in_item = true,
            (Lexeme::Word, _) if !in_item && is_name_of_part(&text[end..]) => {}
            _ => open.clear(),
        }
        at = end;
    }
    found
}

/// Whether the bytes after a name make it the name of a struct or field.
fn is_name_of_part(after: &[u8]) -> bool {
    let next = after.iter().find(|byte| !byte.is_ascii_whitespace());
    next.is_some_and(|byte| b"{:".contains(byte))
}

/// Splits a text into pieces slightly longer than `length`, after semicolons outside brackets, where an item ends.
/// Every piece parses alone if and only if the whole text does.
pub(crate) fn pieces(text: &str, length: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut at, mut brackets) = (0, 0, 0_usize);
    while text.len() - start > length && at < text.len() {
        let (lexeme, end) = lexeme(text.as_bytes(), at);
        match text.as_bytes()[at] {
            b'(' | b'[' | b'{' if lexeme == Lexeme::Mark => brackets += 1,
            b')' | b']' | b'}' if lexeme == Lexeme::Mark => brackets = brackets.saturating_sub(1),
            b';' if brackets == 0 && end - start >= length => {
                pieces.push(start..end);
                start = end;
            }
            _ => {}
        }
        at = end;
    }
    pieces.push(start..text.len());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(code: &str) -> Vec<&str> {
        let (mut at, mut found) = (0, Vec::new());
        while at < code.len() {
            let (lexeme, end) = lexeme(code.as_bytes(), at);
            if lexeme == Lexeme::Text {
                found.push(&code[at..end]);
            }
            at = end;
        }
        found
    }

    #[test]
    fn strings_and_characters_are_told_from_lifetimes_and_words() {
        let code = r##"f::<'a>("x\"", r#"a " b"#, br"c", c"d", b'"', 'é', '\'', '\u{1F600}', bar"e", 'b: loop {}) // "no" 'n'"##;
        let expected =
            [r#""x\"""#, r##"r#"a " b"#"##, r#"br"c""#, r#"c"d""#, "b'\"'", "'é'", r"'\''", r"'\u{1F600}'", "\"e\""];
        assert_eq!(texts(code), expected);
        for unfinished in ["\"a", "r#\"a\"", "'", "'\\", "b'", "/* /* */", "\"\\", "r#"] {
            let (_, end) = lexeme(unfinished.as_bytes(), 0);
            assert!(end <= unfinished.len(), "{unfinished}");
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        assert_eq!(depth("f((1), \"(((\", ')') // ((((").brackets, 2);
        assert_eq!(depth("f(\")\", f(\")\", f(\")\")))").brackets, 3);
        assert_eq!(depth(")))(").brackets, 1);
    }

    #[test]
    fn chains_grow_until_something_separates() {
        assert_eq!(depth("a.b.c; a.b; a").chain, 5);
        assert_eq!(depth("fn a() { x } fn b() { y } fn c() { z }").chain, 5);
        let chain = |link: &str| depth(&link.repeat(1_000)).chain;
        for link in
            ["1 + ", "x.a(1, 2)", ".await", "&", "return ", "else if a {} ", "A<", "{} + ", "a = ", "[1]", "(a, "]
        {
            assert!(chain(link) >= 1_000, "{link}");
        }
        for link in
            ["f();\n", "fn f() {}\n", "A { b: c },\n", "// a.b.c.d\n", "struct A(u8);\n", "#[a] impl B for C {}"]
        {
            assert!(chain(link) < 20, "{link}");
        }
    }

    #[test]
    fn long_lists_of_numbers_become_blanks() {
        let cases = [
            ("const A: [u8; 4] = [1, 0x2_u8, 3,\n4]; [1]", "const A: [u8; 4] = [               ]; [1]"),
            ("a([[1, 2, 3], [4, 5, 6, 7, 8, 9]])", "a([                             ])"),
            ("[A { b: 1, c: 2 }, A { b: 3 }]", "[                            ]"),
            ("[(1, 2), (3, 4)], [5]", "[              ], [5]"),
            ("[a, [1, 2, 3, 4, 5]]", "[a, [             ]]"),
            ("[-1.5, 2e-3, 100, 7]", "[                  ]"),
        ];
        for (code, plain) in cases {
            assert_eq!(without_tables(code, 10), plain);
        }
        for code in [
            "[1, 2, 3, 4, a, 5]",
            "[1 2 3 4 5 6 7]",
            "[\"1\", \"2\", \"3\"]",
            "[0; 1_000_000_000]",
            "[1, 2, 3, 4, 5",
            "[1, 2, 3][1, 2, 3]",
            "f(1, 2, 3, 4, 5)",
            "[A, B, C, D, E, F]",
            "[if a { 1 } else { 2 }]",
            "[f(1), f(2), f(3)]",
            "a[1]",
        ] {
            assert_eq!(without_tables(code, 10), code);
        }
    }

    #[test]
    fn pieces_end_with_items() {
        let text = "use a; fn b() { c; } const D: [u8; 2] = [1, 2]; // e;\nconst F: &str = \";\"; fn g() {}";
        let cut = |text: &'static str, length| -> Vec<&str> {
            pieces(text, length).into_iter().map(|range| &text[range]).collect()
        };
        let expected =
            ["use a;", " fn b() { c; } const D: [u8; 2] = [1, 2];", " // e;\nconst F: &str = \";\";", " fn g() {}"];
        assert_eq!(cut(text, 1), expected);
        assert_eq!(cut(text, 1_000), [text]);
        assert_eq!(cut("", 1), [""]);
    }
}
