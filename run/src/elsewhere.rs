//! The programs on other systems than Linux: commands that only print or write text work, and all others are refused.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::{explain, options, pages};

/// Entry point of `netns-run`; the first argument is the program's name.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    by_word(arguments, described::<options::Options>)
}

/// Entry point of `cargo-netns-run`; cargo passes the subcommand's name again.
pub(crate) fn cargo_main(mut arguments: Vec<OsString>) -> ExitCode {
    if arguments.get(1).is_some_and(|word| word == "netns-run") {
        arguments.remove(1);
    }
    by_word(arguments, described::<options::cargo::Options>)
}

fn by_word(arguments: Vec<OsString>, other: fn(Vec<OsString>) -> ExitCode) -> ExitCode {
    // Without the command's word, as the commands expect it.
    let own = || arguments.iter().take(1).chain(arguments.iter().skip(2)).cloned().collect::<Vec<_>>();
    match arguments.get(1).and_then(|word| word.to_str()) {
        Some("explain") => explain::main(own()),
        Some("pages") => pages::main(own()),
        Some("doctor") => described::<options::doctor::Options>(own()),
        Some("vm") => described::<options::vm::Options>(own()),
        _ => other(arguments),
    }
}

/// Prints the help or the version if the arguments request it; otherwise refuses.
fn described<Options: Parser>(arguments: Vec<OsString>) -> ExitCode {
    if let Err(error) = Options::try_parse_from(arguments)
        && matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
    {
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "netns-run needs Linux, because it uses network namespaces; run it in a virtual machine or a container. Here only `--help`, \
         `explain` and `pages` work"
    );
    ExitCode::from(crate::STATUS_FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(main: fn(Vec<OsString>) -> ExitCode, words: &[&str]) -> ExitCode {
        main(["program"].iter().chain(words).map(OsString::from).collect())
    }

    #[test]
    fn text_is_printed_and_runs_are_refused() {
        let refused = ExitCode::from(crate::STATUS_FAILED);
        let folder = std::env::temp_dir().join(format!("netns-run-elsewhere-{}", std::process::id()));
        let name = folder.to_str().unwrap();
        for (words, expected) in [
            (&["--help"][..], ExitCode::SUCCESS),
            (&["--version"], ExitCode::SUCCESS),
            (&["explain"], ExitCode::SUCCESS),
            (&["explain", "NT107"], ExitCode::SUCCESS),
            (&["explain", "NT000"], ExitCode::from(2)),
            (&["pages", name], ExitCode::SUCCESS),
            (&["doctor", "--help"], ExitCode::SUCCESS),
            (&["doctor"], refused),
            (&["--", "program", "--help"], refused),
            (&[], refused),
        ] {
            assert_eq!(ended(main, words), expected, "{words:?}");
        }
        assert!(folder.join("man/man1/cargo-netns-run.1").is_file());
        std::fs::remove_dir_all(folder).unwrap();
        for (words, expected) in [
            (&["netns-run", "--help"][..], ExitCode::SUCCESS),
            (&["netns-run", "vm", "--help"], ExitCode::SUCCESS),
            (&["netns-run", "explain", "NT107"], ExitCode::SUCCESS),
            (&["netns-run", "vm", "test"], refused),
            (&["netns-run", "test"], refused),
        ] {
            assert_eq!(ended(cargo_main, words), expected, "{words:?}");
        }
    }
}
