//! # option-injection
//!
//! Reports a value of the environment, of the program's arguments or of a file that becomes a program, or that
//! becomes an argument where a leading `-` would be read as an option.
//!
//! ## Why is this bad?
//! `ping $TARGET` with `TARGET=-f` floods. The variable's value chooses options, and with many programs an option runs
//! another program (`tar --to-command`, `ssh -oProxyCommand`).
//!
//! ## Bad
//! ```text
//! Command::new("ping").arg(std::env::var("TARGET")?).status()?;
//! ```
//!
//! ## Good
//! ```text
//! Command::new("ping").arg("--").arg(std::env::var("TARGET")?).status()?;
//! let target: IpAddr = std::env::var("TARGET")?.parse()?;   // an address has no leading dash
//! host.command("dnsmasq")?.option("--address", value)       // netns-fixtures: joined with `=`
//! ```
//!
//! ## Fix
//! `.arg("--")` before the value, for programs that are known to accept it (`ping`, `cat`, `curl`, `grep` and similar),
//! if no option follows.
//!
//! ## Limits
//! The lint does not know the options of a program; the value after an option (`-o`, `--name`) counts as the option's
//! value. Variables that cargo sets are trusted. A variable that names the program itself (`SHELL`, `SERVER_BINARY`) is
//! pedantic: the person who sets it sets `PATH`, too.
//!
//! ## References
//! CWE-88.

use crate::config::Config;
use crate::facts::{FileFacts, Sink, SinkKind};
use crate::finding::Confidence;
use crate::rule::{Hit, Proposal};
use crate::tables;
use crate::value::{Interval, Origin, Piece, Source, Value};

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    for sink in facts.sinks.iter().filter(|sink| sink.kind == SinkKind::Command) {
        let [program, arguments @ ..] = sink.values.as_slice() else { continue };
        if let Some(source) = foreign(program) {
            let help = "name the program in full, or choose among known ones with a `match`";
            // A variable that holds the program's name: its owner sets `PATH`, too.
            let names_it = source.origin == Origin::Environment && source.name.is_some() && program.split.is_none();
            hits.push(hit(sink, source, "decides which program runs", help).pedantic(names_it));
        }
        let mut before = program.constant();
        for (index, argument) in arguments.iter().enumerate() {
            if before.as_deref() == Some("--") {
                break;
            }
            let value_of_option = before.as_ref().is_some_and(|before| takes_a_value(before));
            if let Some(source) = foreign(argument).filter(|_| !value_of_option && !argument.spread) {
                let help = "put `--` before it, join it to its option with `=`, or parse it into a type that has no leading `-`";
                let hit = hit(sink, source, "is an argument that may start with `-` and be read as an option", help);
                hits.push(hit.fix(separated(facts, sink, index + 1)));
                break;
            }
            before = argument.constant();
        }
    }
}

/// Proposes `.arg("--")` before the call that passes the value `at`, if the program supports it and all following
/// arguments are operands.
fn separated(facts: &FileFacts, sink: &Sink, at: usize) -> Option<Proposal> {
    let command = sink.call.filter(|_| sink.through.is_none() && !sink.open)?;
    let program = sink.values.first()?.constant()?;
    let are_operands = sink.values[at..].iter().all(|value| !value.prefix().starts_with('-'));
    if !tables::ENDS_OPTIONS.contains(&tables::program_name(&program)) || !are_operands {
        return None;
    }
    // The first value is the program; each call passes the next value or values.
    let mut given = facts.calls[command].arguments.len();
    for (_, call) in facts.object(command).skip(1) {
        let values = match call.name.as_str() {
            "arg" => 1,
            "args" => call.arguments.first()?.items.as_ref()?.len(),
            _ => continue,
        };
        if given == at {
            let description = "end the options before it";
            return Some(Proposal::insert(description, call.name_span.start, "arg(\"--\")."));
        }
        given += values;
    }
    None
}

/// Whether a word may be an option with its value in the next word: not `--name=value`, and not `-c1`.
fn takes_a_value(word: &str) -> bool {
    let attached = word.chars().nth(2).is_some_and(|third| !word.starts_with("--") && third.is_ascii_digit());
    word.starts_with('-') && !word.contains('=') && !attached
}

/// Returns the source of a value from outside whose first character is not fixed.
fn foreign(value: &Value) -> Option<&Source> {
    let of_the_kernel = |source: &Source| {
        let path = source.name.as_deref().filter(|_| source.origin == Origin::File);
        path.is_some_and(|path| ["/proc/", "/sys/"].iter().any(|folder| path.starts_with(folder)))
    };
    let somebody = |source: &Source| matches!(source.origin, Origin::Environment | Origin::Argument | Origin::File);
    let source = value.sources.iter().find(|source| somebody(source) && !of_the_kernel(source))?;
    // Text before a slash is a directory.
    let starts_open = match value.pieces.as_slice() {
        [Piece::Hole, Piece::Text(text), ..] => !text.starts_with('/'),
        [Piece::Hole, ..] => true,
        _ => false,
    };
    let is_number = value.bounds != Interval::ALL;
    (starts_open && !value.validated && !is_number && !value.parsed).then_some(source)
}

fn hit(sink: &Sink, source: &Source, what: &str, help: &str) -> Hit {
    let who = match (source.origin, &source.name) {
        (Origin::Environment, Some(name)) => format!("the environment variable `{name}`"),
        (Origin::Environment, None) => "an environment variable".to_owned(),
        (Origin::Argument, _) => "an argument of the program".to_owned(),
        _ => "the content of a file".to_owned(),
    };
    Hit::new(sink.function, sink.span, format!("{who} {what}"), help)
        .label(source.span, "it is read here")
        .confidence(Confidence::Medium)
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_fixed, each_found, each_without_fix};

    const FRAME: &str = "use std::{env, process::Command}; fn f(x: &str) { {} }";
    const RULE: &str = "option-injection";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"Command::new("ping").arg(env::var("TARGET").unwrap()).status().unwrap();"#,
                r#"Command::new("ping").args(["-c", "1", &env::var("TARGET").unwrap()]).status().unwrap();"#,
                r#"let host = env::args().nth(1).unwrap(); Command::new("ping").arg(host).status().unwrap();"#,
                r#"let host = std::fs::read_to_string("host.txt").unwrap(); Command::new("ping").arg(host.trim()).status().unwrap();"#,
                r#"let mut c = Command::new("ping"); c.arg(env::var("TARGET").unwrap()); c.status().unwrap();"#,
                r#"let t = env::var("TARGET").unwrap_or_else(|_| "localhost".into()); Command::new("ping").arg(t).status().unwrap();"#,
                r#"if let Ok(t) = env::var("TARGET") { Command::new("ping").arg(t).status().unwrap(); }"#,
                r#"fn ping(t: &str) { Command::new("ping").arg(t).status().unwrap(); } ping(&env::var("TARGET").unwrap());"#,
                r#"tokio::process::Command::new("ping").arg(env::var("TARGET").unwrap()).status();"#,
                r#"let Ok(t) = env::var("TARGET") else { return }; duct::cmd("ping", [t]).run().unwrap();"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"Command::new(env::var("SERVER").unwrap()).status().unwrap();"#,
                r#"let program = env::var_os("SERVER").unwrap(); Command::new(&program).arg("-v").status().unwrap();"#,
                r#"Command::new("ping").arg("--").arg(env::var("TARGET").unwrap()).status().unwrap();"#,
                r#"Command::new("ping").arg(format!("--target={}", env::var("TARGET").unwrap())).status().unwrap();"#,
                r#"Command::new("ping").args(["-I", &env::var("DEVICE").unwrap()]).status().unwrap();"#,
                r#"let t: std::net::IpAddr = env::var("TARGET").unwrap().parse().unwrap(); Command::new("ping").arg(t.to_string()).status().unwrap();"#,
                r#"let n: u16 = env::var("N").unwrap().parse().unwrap(); Command::new("ping").arg(n.to_string()).status().unwrap();"#,
                r#"Command::new(env!("CARGO_BIN_EXE_server")).status().unwrap();"#,
                r#"Command::new(env::var("CARGO").unwrap()).arg("build").status().unwrap();"#,
                r#"Command::new("ping").arg(x).status().unwrap();"#,
                r#"Command::new("true").env("T", env::var("TARGET").unwrap()).status().unwrap();"#,
                r#"Command::new("true").current_dir(env::var("DIR").unwrap()).status().unwrap();"#,
                r#"if env::var("VERBOSE").is_ok() { Command::new("ping").arg("-v").status().unwrap(); }"#,
                r#"let t = match env::var("TARGET").unwrap().as_str() { "a" => "a.test", _ => "b.test" }; Command::new("ping").arg(t).status().unwrap();"#,
                r#"let t = env::var("TARGET").unwrap(); assert!(!t.starts_with('-')); Command::new("ping").arg(&t).status().unwrap();"#,
                r#"let t = env::var("TARGET").unwrap(); if t.starts_with("-") { panic!("no option"); } Command::new("ping").arg(&t).status().unwrap();"#,
                r#"let t = env::var("TOOL").unwrap(); assert!(t.starts_with("/")); Command::new(&t).status().unwrap();"#,
                r#"Command::new("cat").arg(format!("./{}", env::var("FILE").unwrap())).status().unwrap();"#,
            ],
        );
    }

    #[test]
    fn fixed() {
        each_fixed(
            RULE,
            FRAME,
            &[
                (
                    r#"Command::new("ping").args(["-c", "1"]).arg(env::var("TARGET").unwrap()).status().unwrap();"#,
                    r#"Command::new("ping").args(["-c", "1"]).arg("--").arg(env::var("TARGET").unwrap()).status().unwrap();"#,
                ),
                (
                    r#"let t = env::var("T").unwrap(); let mut c = Command::new("cat"); c.args([t, "x".into()]); c.status();"#,
                    r#"let t = env::var("T").unwrap(); let mut c = Command::new("cat"); c.arg("--").args([t, "x".into()]); c.status();"#,
                ),
            ],
        );
        each_without_fix(
            RULE,
            FRAME,
            &[
                r#"Command::new("own-tool").arg(env::var("TARGET").unwrap()).status().unwrap();"#,
                r#"Command::new("ping").arg(env::var("TARGET").unwrap()).arg("-v").status().unwrap();"#,
                r#"Command::new("ping").args(["-c", "1", &env::var("TARGET").unwrap()]).status().unwrap();"#,
                r#"Command::new("sudo").args(["ping"]).arg(env::var("TARGET").unwrap()).status().unwrap();"#,
            ],
        );
    }
}
