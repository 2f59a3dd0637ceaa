//! # kill-by-name
//!
//! Reports `pkill`, `killall`, `kill -1`, `taskkill /IM` and `kill` of what `pgrep` or `pidof` found.
//!
//! ## Why is this bad?
//! A name belongs to every process that has it: those of the test that runs beside this one, and those of the person
//! at the machine. What is left over afterwards is left over because the test lost its own child.
//!
//! ## Bad
//! ```text
//! Command::new("pkill").args(["-f", "dnsmasq"]).status()?;
//! ```
//!
//! ## Good
//! ```text
//! child.kill()?;
//! child.wait()?;
//! host.command("dnsmasq").spawn()?;   // netns-fixtures: dies with the test, its children too
//! ```
//!
//! ## Limits
//! Names that only a variable holds are not seen.
//!
//! ## References
//! kill(2): a pid of -1 means every process that may be signalled.

use super::argv::{inner_commands, is_said_here};
use crate::config::Config;
use crate::facts::{FileFacts, Sink};
use crate::finding::Severity;
use crate::rule::{Hit, Rule};
use crate::tables;
use crate::value::Value;

/// See the documentation of the module.
pub(crate) struct KillByName;

const HELP: &str = "keep the child's handle and kill that: `child.kill()`, then `child.wait()`; children of a `#[netns_test]` \
                    die with it";

impl Rule for KillByName {
    fn name(&self) -> &'static str {
        "kill-by-name"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn check(&self, facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
        for sink in &facts.sinks {
            let commands = inner_commands(sink, config);
            let of_text = commands.iter().enumerate().find_map(|(at, words)| hazard(words, &commands[at + 1..]));
            let word = |(what, word): (String, String)| Some(what).filter(|_| is_said_here(sink, &word));
            if let Some(what) = of_text.and_then(word).or_else(|| of_output(facts, sink)) {
                hits.push(Hit::new(sink.function, sink.span, format!("{what} ends processes that are not this test's"), HELP));
            }
        }
        for call in &facts.calls {
            let kills = tables::KILL_CALLS.iter().any(|known| tables::ends_with(&call.path, known));
            let everybody = |value: &Value| value.exact().is_some_and(|pid| pid <= -1.0 && pid > -1.5);
            if kills && call.arguments.len() == 2 && everybody(&call.arguments[0]) {
                let message = "`kill` with the pid -1 ends processes that are not this test's";
                hits.push(Hit::new(call.function, call.span, message, HELP));
            }
        }
    }
}

/// `kill` of what another command has found by a name and printed.
fn of_output(facts: &FileFacts, sink: &Sink) -> Option<String> {
    let [program, arguments @ ..] = sink.values.as_slice() else { return None };
    let name = |value: &Value| value.constant().map(|program| tables::program_name(&program).to_owned());
    if name(program)? != "kill" {
        return None;
    }
    let finders = arguments.iter().filter_map(|argument| facts.command_behind(argument.call?)).filter_map(|command| {
        let found_by = facts.calls[command].arguments.first().and_then(name)?;
        tables::PROCESS_FINDERS.contains(&found_by.as_str()).then_some(found_by)
    });
    finders.map(|finder| format!("`kill` of what `{finder}` found")).next()
}

/// What in a command kills by a name, and the word that does; `later` are the commands behind it, where those of `$(…)`
/// stand.
fn hazard(words: &[String], later: &[Vec<String>]) -> Option<(String, String)> {
    let first = words.first()?;
    let name = tables::program_name(first);
    let program = |words: &Vec<String>| words.first().map(|first| tables::program_name(first).to_owned());
    let finds = |words: &Vec<String>| program(words).is_some_and(|name| tables::PROCESS_FINDERS.contains(&name.as_str()));
    let what = match name {
        name if tables::KILLERS.contains(&name) => format!("`{name}`"),
        "kill" if words.len() > 2 && words.last().is_some_and(|last| last == "-1") => "`kill` with the pid -1".to_owned(),
        "kill" if later.iter().any(finds) => "`kill` of what a search by name found".to_owned(),
        name if tables::PROCESS_FINDERS.contains(&name) && later.iter().any(|words| words.iter().any(|word| word == "kill")) => {
            format!("`kill` of what `{name}` found")
        }
        "taskkill" if words.iter().any(|word| word.eq_ignore_ascii_case("/im")) => "`taskkill /IM`".to_owned(),
        "fuser" if words.iter().any(|word| word.starts_with('-') && word.contains('k')) => "`fuser -k`".to_owned(),
        _ => return None,
    };
    Some((what, first.clone()))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found};

    const FRAME: &str = "use std::process::Command; fn f(x: &str, pid: i32) { {} }";
    const RULE: &str = "kill-by-name";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"Command::new("pkill").args(["-f", x]).status().unwrap();"#,
                r#"Command::new("killall").arg("dnsmasq").status().unwrap();"#,
                r#"Command::new("/usr/bin/killall").arg("-9").arg(x).status().unwrap();"#,
                r#"Command::new("sudo").args(["pkill", "dnsmasq"]).status().unwrap();"#,
                r#"Command::new("kill").args(["-9", "-1"]).status().unwrap();"#,
                r#"Command::new("kill").args(["-s", "KILL", "--", "-1"]).status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "pkill dnsmasq || true"]).status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "kill $(pidof dnsmasq)"]).status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "pgrep -f dnsmasq | xargs kill -9"]).status().unwrap();"#,
                r#"Command::new("bash").arg("-c").arg(format!("sleep 1; killall {x}")).status().unwrap();"#,
                r#"Command::new("ip").args(["netns", "exec", x, "pkill", "server"]).status().unwrap();"#,
                r#"Command::new("taskkill").args(["/F", "/IM", "server.exe"]).status().unwrap();"#,
                r"unsafe { libc::kill(-1, libc::SIGKILL) };",
                r"nix::sys::signal::kill(Pid::from_raw(-1), Signal::SIGKILL).unwrap();",
                r#"Command::new("fuser").args(["-k", "8080/tcp"]).status().unwrap();"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r"child.kill().unwrap();",
                r#"Command::new("kill").arg(pid.to_string()).status().unwrap();"#,
                r#"Command::new("kill").args(["-1", "1234"]).status().unwrap();"#,
                r#"Command::new("kill").args(["-9", x]).status().unwrap();"#,
                r"unsafe { libc::kill(pid, libc::SIGKILL) };",
                r"unsafe { libc::kill(-pid, libc::SIGKILL) };",
                r#"Command::new("pgrep").arg(x).output().unwrap();"#,
                r#"Command::new("pidof").arg(x).output().unwrap();"#,
                r#"Command::new("ssh").args([x, "pkill", "server"]).status().unwrap();"#,
                r#"Command::new("docker").args(["exec", x, "killall", "server"]).status().unwrap();"#,
                r#"Command::new("docker").args(["kill", x]).status().unwrap();"#,
                r"pkill(x);",
                r#"Command::new("taskkill").args(["/PID", x]).status().unwrap();"#,
            ],
        );
    }
}
