//! # split-command
//!
//! Reports a text that is split on white space, or by `shlex`, and becomes a program or its arguments.
//!
//! ## Why is this bad?
//! A path with a space becomes two arguments, a quote becomes part of a word, and each part of the text can change the
//! number of arguments. A helper that takes a command line as one text invites callers to build it with `format!`.
//!
//! ## Bad
//! ```text
//! let mut words = line.split_whitespace();
//! Command::new(words.next().unwrap()).args(words).status()?;
//! ```
//!
//! ## Good
//! ```text
//! fn run(argv: &[&str]) { Command::new(argv[0]).args(&argv[1..]).status() }
//! host.command("ping")?.args(["-c", "1"])     // netns-fixtures
//! ```
//!
//! ## Limits
//! The lint splits a constant text too, and judges it by its words.
//!
//! ## References
//! CWE-88.

use super::argv::Callers;
use crate::config::Config;
use crate::facts::{FileFacts, Sink, SinkKind};
use crate::rule::Hit;

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    let callers = Callers::new(facts);
    for sink in facts.sinks.iter().filter(|sink| sink.kind == SinkKind::Command) {
        let program = sink.values.first();
        let found = program.filter(|program| program.split.is_some()).map(|program| (program, "a program"));
        let found = found.or_else(|| {
            let list = sink.values.iter().find(|value| value.spread && value.split.is_some())?;
            Some((list, "a list of arguments"))
        });
        let Some((value, what)) = found else { continue };
        // Output of another program or of the kernel is data.
        if value.call.is_some_and(|call| facts.command_behind(call).is_some()) {
            continue;
        }
        let message = format!("a text that is split on white space becomes {what}");
        let help = "take the arguments as a list, `&[&str]`, from the start; with netns-fixtures, `host.command(program)?.args([…])`";
        let mut hit = Hit::new(sink.function, sink.span, message, help);
        if let Some(split) = value.split.filter(|split| *split != sink.span) {
            hit = hit.label(split, "it is split here");
        }
        let given = |call: &Sink| call.through.as_ref().map(|name| format!("`{name}` gets a text here"));
        hits.push(callers.labelled(hit, sink, given));
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found};

    const FRAME: &str = "use std::process::Command; fn f(line: &str, lines: &[String]) { {} }";
    const RULE: &str = "split-command";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r"let mut words = line.split_whitespace(); Command::new(words.next().unwrap()).args(words).status().unwrap();",
                r"let words: Vec<&str> = line.split_whitespace().collect(); Command::new(words[0]).args(&words[1..]).status().unwrap();",
                r"let words: Vec<&str> = line.split(' ').collect(); Command::new(words[0]).status().unwrap();",
                r#"Command::new("ip").args(line.split_whitespace()).status().unwrap();"#,
                r#"Command::new("ip").args(line.split(" ")).status().unwrap();"#,
                r"let words = shlex::split(line).unwrap(); Command::new(&words[0]).args(&words[1..]).status().unwrap();",
                r#"let words = shell_words::split(line).unwrap(); Command::new("sudo").args(words).status().unwrap();"#,
                r#"let helper = std::env::var("ROOT_HELPER").unwrap(); Command::new("env").args(shlex::split(&helper).unwrap()).status().unwrap();"#,
                r"let mut words = line.split_ascii_whitespace(); let program = words.next().unwrap(); Command::new(program).status().unwrap();",
                r#"let mut c = Command::new("ip"); c.args(line.split_whitespace().map(|w| w.to_string())); c.status().unwrap();"#,
                r#"let text = format!("link del {line}"); Command::new("ip").args(text.split_whitespace()).status().unwrap();"#,
                r"let parts: Vec<String> = line.split_whitespace().map(String::from).collect(); Command::new(&parts[0]).args(&parts[1..]).output().unwrap();",
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"Command::new("ip").args(["link", line]).status().unwrap();"#,
                r#"Command::new("ip").args(lines).status().unwrap();"#,
                r#"for word in line.split_whitespace() { println!("{word}"); }"#,
                r#"let pid = line.split_whitespace().next().unwrap(); Command::new("kill").arg(pid).status().unwrap();"#,
                r#"let out = Command::new("ls").output().unwrap(); let text = String::from_utf8(out.stdout).unwrap(); Command::new("cat").args(text.split_whitespace()).status().unwrap();"#,
                r#"Command::new("ip").args("link show lo".split_whitespace()).status().unwrap();"#,
                r#"Command::new("ip").args("link show lo".split(' ')).status().unwrap();"#,
                r#"let fields: Vec<&str> = line.split(',').collect(); println!("{}", fields[0]);"#,
                r#"let key = line.split('=').next().unwrap(); Command::new("sysctl").arg(key).status().unwrap();"#,
                r"let words: Vec<&str> = line.split_whitespace().collect(); assert_eq!(words.len(), 2);",
                r#"let stat = std::fs::read_to_string("/proc/self/stat").unwrap(); let pid = stat.split_whitespace().next().unwrap(); Command::new("kill").arg(pid).status().unwrap();"#,
                r#"Command::new("true").env("WORDS", line.split_whitespace().next().unwrap()).status().unwrap();"#,
            ],
        );
    }
}
