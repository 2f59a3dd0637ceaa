//! `netns-run explain CODE` prints an entry of the error index, docs/errors.md.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;

const AFTER_HELP: &str = "\
Examples:
  netns-run explain          every code, with the first line of its entry
  netns-run explain NT107    one entry

Exit status: 0 the entry was printed, 2 usage or an unknown code.";

/// Prints an entry of the error index: the meaning of a code, and what to do.
#[derive(Debug, Parser)]
#[command(name = "netns-run explain", bin_name = "netns-run explain", version, after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The code at the end of a message [default: list all codes].
    code: Option<String>,
}

/// docs/errors.md: a second-level heading for each code, and its entry below it. This is a copy, so that the package
/// contains it; `cargo xtask ci --only package` compares both.
const INDEX: &str = include_str!("errors.md");

/// Parses the arguments (the first is the program's name) and runs the command.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let code = Options::parse_from(arguments).code;
    #[cfg(target_os = "linux")]
    netns_fixtures::__sandbox::disposition::end_at_broken_pipes();
    let text = match &code {
        None => {
            let first_line = |entry: &'static str| entry.lines().next().unwrap_or_default();
            let lines: Vec<String> =
                entries().map(|(code, entry)| format!("{code}  {}\n", first_line(entry))).collect();
            lines.concat()
        }
        Some(code) => {
            let Some((code, entry)) = entries().find(|(known, _)| known.eq_ignore_ascii_case(code)) else {
                eprintln!("netns-run: there is no code {code:?}; `netns-run explain` lists all codes");
                return ExitCode::from(2);
            };
            format!("{code}: {}\n", without_links(entry))
        }
    };
    match io::stdout().write_all(text.as_bytes()) {
        // On other systems, a reader may need no more: `netns-run explain | head`.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("netns-run explain: failed to print: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Returns each code with its entry.
fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = INDEX.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
    // A heading that is not a code starts the next chapter.
    sections.map(|(heading, text)| (heading, text.split("\n# ").next().unwrap_or(text).trim()))
}

/// Returns the text with the words of each link in place of the link, whose target is a file that readers of this output may not have.
fn without_links(entry: &str) -> String {
    let mut text = String::new();
    let mut rest = entry;
    while let Some((linked, target)) = rest.split_once("](")
        && let Some((before, words)) = linked.rsplit_once('[')
        && let Some((_, after)) = target.split_once(')')
    {
        text.extend([before, words]);
        rest = after;
    }
    text + rest
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use netns_fixtures::__sandbox::{Ending, Obstacle};
    use netns_fixtures::ErrorKind;

    use super::*;
    use crate::outcome;

    #[test]
    fn links_are_printed_as_their_words() {
        let entry = "See [a guide](a.md#b) and `array[0]`, or [the list](l.md).";
        assert_eq!(without_links(entry), "See a guide and `array[0]`, or the list.");
        for (code, entry) in entries() {
            assert!(!without_links(entry).contains(".md)"), "{code}: {entry}");
        }
    }

    #[test]
    fn the_index_has_an_entry_for_each_code_and_no_other() {
        let codes: Vec<_> = ErrorKind::ALL
            .iter()
            .map(|kind| kind.code())
            .chain(Obstacle::ALL.map(Obstacle::code))
            .chain(outcome::CODES)
            .chain(Ending::ALL.map(Ending::code))
            .collect();
        assert_eq!(entries().map(|(code, _)| code).collect::<Vec<_>>(), codes);
        for (code, entry) in entries() {
            assert!(entry.lines().count() > 1 && entry.contains("Remedy:"), "{code} has no remedy: {entry}");
        }
    }
}
