//! # serial-by-convention
//!
//! Reports tests whose file says that they need `--test-threads=1`.
//!
//! ## Why is this bad?
//! Only the person who starts the tests can follow the rule: an editor, another CI and nextest run them at the same
//! time, and the resulting failures look like defects of the code.
//!
//! ## Bad
//! ```text
//! // Run with `cargo test -- --test-threads=1`: the tests share the port.
//! ```
//!
//! ## Good
//! ```text
//! static TURN: Mutex<()> = Mutex::new(());                // the tests take turns
//! #[netns_test] fn serves(net: Pair) { … }                // netns-fixtures: nothing is shared
//! ```
//!
//! ## Limits
//! The rule reads only the text of the file, not the scripts that start its tests.
//!
//! ## References
//! rustc book, "Tests", `--test-threads`. Suites that pass only with it: silverstein/minutes#1003,
//! timtoole02/Camelid#690.

use crate::config::Config;
use crate::facts::FileFacts;
use crate::lexical::{Lexeme, lexeme};
use crate::rule::Hit;
use crate::span::Span;

const HELP: &str = "take turns with a lock that every test holds, or give each its own state; a `#[netns_test]` shares \
                    neither network nor process";
/// The spellings of the option.
const WRITTEN: &[&str] = &["test-threads=1", "test-threads 1", "TEST_THREADS=1"];

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    // The index of test code outside of functions; in a file of tests, all code is test code.
    const OF_TESTS: usize = 1;
    if !facts.functions.iter().any(|function| function.test && !function.name.is_empty()) {
        return;
    }
    let text = &facts.text;
    // Not in `--test-threads=16`.
    let is_whole = |end: usize| !text[end..].starts_with(|next: char| next.is_ascii_digit());
    let places = WRITTEN.iter().flat_map(|option| text.match_indices(option).map(|(at, _)| (at, option.len())));
    let Some(first) = places.filter(|(at, length)| is_whole(at + length)).min() else { return };
    let mut at = 0;
    while at < text.len() {
        let (kind, end) = lexeme(text.as_bytes(), at);
        if (at..end).contains(&first.0) {
            if matches!(kind, Lexeme::LineComment | Lexeme::BlockComment) {
                let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
                let span = Span::new(offset(first.0), offset(first.0 + first.1));
                let message = "the tests of this file rely on being started one at a time";
                hits.push(Hit::new(OF_TESTS, span, message, HELP));
            }
            return;
        }
        at = end.max(at + 1);
    }
}
