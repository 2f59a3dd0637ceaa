//! Documentation tests: the examples in documentation comments that `cargo test` compiles and runs.

/// The opening of the function that holds an example; it has to fit in the place of the shortest line that begins one.
const OPENING: &[u8] = b"fn d(){";
/// The shortest line that begins an example.
const SHORTEST: &str = "/// ```";
const _: () = assert!(OPENING.len() == SHORTEST.len(), "the function begins where the example does");
/// The name of that function, and the name that people see.
pub(crate) const NAME: (&str, &str) = ("d", "example in the documentation");

/// The rule about the state that tests of one process share, which does not hold for examples.
pub(crate) const RULE_OF_PROCESSES: &str = "set-env-in-test";

/// Returns a text of the same length in which each example of `text` that `cargo test` runs is a function, at the same
/// place, and everything else is blank. `None` if there is no such example.
///
/// An example runs if its fence names no other language, and none of `ignore`, `no_run` and `compile_fail` (the rustdoc
/// book, "Documentation tests"). Block comments, `#[doc]` attributes, and fences without a blank before them are left alone.
pub(crate) fn doc_tests(text: &str) -> Option<String> {
    let mut result: Vec<u8> = text.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
    let mut found = false;
    let mut example: Option<Example> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begin = at + (line.len() - line.trim_start().len());
        at += line.len();
        let whole = line.trim();
        let documents = whole.strip_prefix("///").or_else(|| whole.strip_prefix("//!"));
        let Some(content) = documents.filter(|content| !content.starts_with('/')) else {
            example = None;
            continue;
        };
        let content_at = begin + "///".len();
        let fence = content.trim().strip_prefix("```");
        match (&mut example, fence) {
            (None, Some(language)) => {
                let fits = whole.len() >= OPENING.len() && runs(language);
                example = Some(Example { begin, runs: fits, code: vec![(begin, OPENING.to_vec())] });
            }
            (Some(_), Some(_)) => {
                let mut done = example.take().expect("an example has started");
                done.code.push((begin, b"}".to_vec()));
                if done.runs && done.parses(at) {
                    done.write(&mut result, 0);
                    found = true;
                }
            }
            (Some(example), None) => example.code.push((content_at, shown_and_hidden(content))),
            (None, None) => {}
        }
    }
    found.then(|| String::from_utf8(result).expect("only whole lines of a text are put in"))
}

/// An example that has begun.
struct Example {
    /// The offset of its first line.
    begin: usize,
    runs: bool,
    /// Its lines, with their offsets.
    code: Vec<(usize, Vec<u8>)>,
}

impl Example {
    fn write(&self, into: &mut [u8], offset: usize) {
        for (at, line) in &self.code {
            into[at - offset..at - offset + line.len()].copy_from_slice(line);
        }
    }

    /// Whether its code, which ends before `end`, is that of a function.
    fn parses(&self, end: usize) -> bool {
        let mut alone = vec![b' '; end - self.begin];
        self.write(&mut alone, self.begin);
        // Blanks stand for line breaks here, so a comment would swallow the code behind it.
        for (at, line) in &self.code {
            alone[at - self.begin + line.len()..].iter_mut().take(1).for_each(|byte| *byte = b'\n');
        }
        let is_shallow = |text: &String| crate::source::Source::from_text(text.clone()).is_ok();
        let parsed = String::from_utf8(alone).ok().filter(is_shallow).map(|text| syn::parse_str::<syn::ItemFn>(&text));
        parsed.is_some_and(|parsed| parsed.is_ok())
    }
}

/// Whether `cargo test` runs an example with that text behind its fence.
fn runs(language: &str) -> bool {
    let is_harmless = |word: &str| {
        matches!(word, "" | "rust" | "should_panic" | "test_harness" | "standalone_crate")
            || word.starts_with("edition20")
    };
    language.split([',', ' ', '\t']).map(str::trim).all(is_harmless)
}

/// Returns a line of an example as code, at the same place: a `#` before a blank hides the line from readers.
fn shown_and_hidden(content: &str) -> Vec<u8> {
    let mut line = content.as_bytes().to_vec();
    let begin = content.len() - content.trim_start().len();
    if matches!(&line[begin..], [b'#'] | [b'#', b' ' | b'#', ..]) {
        line[begin] = b' ';
    }
    line
}

#[cfg(test)]
mod tests {
    use super::doc_tests;

    #[test]
    fn examples_that_run_keep_their_places() {
        let text = "//! ```\n//! # use a::b;\n//! b(\"ü\");\n//! ```\n\n    /// Asks.\n    /// ```rust,should_panic\n    /// ask(1); // twice\n    /// ## not hidden\n    /// ```\n    fn ask() {}\n";
        let broken = doc_tests(text).expect("one example");
        assert_eq!(broken.len(), text.len());
        assert_eq!(broken.find("b(\"ü\");"), text.find("b(\"ü\");"));
        assert!(broken.contains("use a::b;") && broken.starts_with("fn d(){"));
        assert!(!broken.contains("ask"), "`## not hidden` is no code");
        let text = text.replace("    /// ## not hidden\n", "");
        assert!(doc_tests(&text).expect("two examples").contains("ask(1); // twice"));
    }

    #[test]
    fn other_examples_are_blank() {
        for language in ["text", "no_run", "ignore", "rust,no_run", "compile_fail", "sh", "console"] {
            let text = format!("/// ```{language}\n/// ask();\n/// ```\nfn ask() {{}}\n");
            assert_eq!(doc_tests(&text), None, "{language}");
        }
        // An example without an end, and a comment that does not document, are left alone.
        assert_eq!(doc_tests("/// ```\n/// ask();\nfn ask() {}\n"), None);
        assert_eq!(doc_tests("// ```\n// ask();\n// ```\nfn ask() {}\n"), None);
        assert_eq!(doc_tests("//// ```\n//// ask();\n//// ```\nfn ask() {}\n"), None);
    }
}
