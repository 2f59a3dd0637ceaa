//! # kill-by-name
//!
//! Reports `pkill`, `killall`, `killall5`, `skill`, `slay`, `taskkill /IM`, `fuser -k`, `kill` of the pid -1, and `kill` of what
//! `pgrep`, `pidof` or `ps` found.
//!
//! ## Why is this bad?
//! A name matches every process that has it: those of a test that runs at the same time, and those of the user. A
//! process is left over only because the test lost its own child.
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
//! host.command("dnsmasq")?.spawn()?;   // netns-fixtures: dies with the test, its children too
//! ```
//!
//! ## Limits
//! Names in variables are not detected. `ps` counts in the text of a shell only: what a test reads from its output is not
//! followed. Not reported: signal 0, the children of one process (`pkill -P`), and `ps` of given pids.
//!
//! ## References
//! kill(2): a pid of -1 means every process that may be signalled.

use super::argv::{inner_commands, is_said_here};
use crate::config::Config;
use crate::facts::{FileFacts, Sink};
use crate::rule::Hit;
use crate::tables;
use crate::value::Value;

const HELP: &str = "keep the child's handle and kill that: `child.kill()`, then `child.wait()`; children of a `#[netns_test]` \
                    die with it";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    for sink in &facts.sinks {
        let commands = inner_commands(sink, config);
        let of_text = commands.iter().enumerate().find_map(|(at, words)| hazard(words, &commands[at + 1..]));
        let word = |(what, word): (String, String)| Some(what).filter(|_| is_said_here(sink, &word));
        if let Some(what) = of_text.and_then(word).or_else(|| of_output(facts, sink)) {
            hits.push(Hit::new(
                sink.function,
                sink.span,
                format!("{what} ends processes that are not this test's"),
                HELP,
            ));
        }
    }
    for call in &facts.calls {
        let kills = tables::KILL_CALLS.iter().any(|known| tables::ends_with(&call.path, known));
        let everybody = |value: &Value| value.exact().is_some_and(|pid| pid <= -1.0 && pid > -1.5);
        if kills && call.arguments.len() == 2 && everybody(&call.arguments[0]) {
            let message = "`kill` with the pid -1 ends processes that are not this test's";
            hits.push(Hit::new(call.function, call.span, message, HELP));
        } else if kills
            && call.arguments.len() == 2
            && let Some(finder) = finder_behind(facts, &call.arguments[0], 0)
        {
            let message = format!("`kill` of what `{finder}` found ends processes that are not this test's");
            hits.push(Hit::new(call.function, call.span, message, HELP));
        }
    }
}

/// The maximum number of calls from the output of a command to the pid.
const MAX_CALLS: usize = 12;

/// Returns the command that searched processes by name, if its output has the value.
fn finder_behind(facts: &FileFacts, value: &Value, depth: usize) -> Option<String> {
    let id = value.call.filter(|_| depth < MAX_CALLS)?;
    let call = &facts.calls[id];
    if call.name != "output" {
        return call.receiver.iter().chain(&call.arguments).find_map(|before| finder_behind(facts, before, depth + 1));
    }
    let mut words: Vec<String> = Vec::new();
    for (_, of_command) in facts.object(facts.command_behind(id)?) {
        let values =
            of_command.arguments.iter().flat_map(|value| value.items.as_deref().unwrap_or(std::slice::from_ref(value)));
        words.extend(values.map(Value::shown));
    }
    let program = tables::program_name(words.first()?).to_owned();
    // The lines of `ps` are mostly chosen by their content, which is not followed.
    (program != "ps" && finds_by_name(&words)).then_some(program)
}

/// Returns the hazard of a `kill` whose pid another command found by name and printed.
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

/// Returns a command's way to kill by name, and the word that causes it. `later` holds the following commands, which
/// include those of `$(…)`.
fn hazard(words: &[String], later: &[Vec<String>]) -> Option<(String, String)> {
    let first = words.first()?;
    let name = tables::program_name(first);
    let what = match name {
        name if tables::KILLERS.contains(&name) && (is_harmless(words) || is_by_parent(words)) => return None,
        name if tables::KILLERS.contains(&name) => format!("`{name}`"),
        "kill" if is_harmless(words) => return None,
        "kill" if words.len() > 2 && words.last().is_some_and(|last| last == "-1") => {
            "`kill` with the pid -1".to_owned()
        }
        // The words of the command do not include the content of `$(…)`.
        "kill" if !has_target(words) && later.first().is_some_and(|next| finds_by_name(next)) => {
            "`kill` of what a search by name found".to_owned()
        }
        name if finds_by_name(words) && later.iter().any(|words| takes_pids(words)) => {
            format!("`kill` of what `{name}` found")
        }
        "taskkill" if words.iter().any(|word| word.eq_ignore_ascii_case("/im")) => "`taskkill /IM`".to_owned(),
        "fuser" if words.iter().any(|word| word.starts_with('-') && word.contains('k')) => "`fuser -k`".to_owned(),
        _ => return None,
    };
    Some((what, first.clone()))
}

/// Whether the command searches processes by a property that others may share, and not by pid.
fn finds_by_name(words: &[String]) -> bool {
    let program = words.first().map(|first| tables::program_name(first));
    let by_number = |word: &String| tables::PID_OPTIONS.iter().any(|option| word.starts_with(option));
    program.is_some_and(|program| tables::PROCESS_FINDERS.contains(&program))
        && !is_by_parent(words)
        && !(program == Some("ps") && words.iter().any(by_number))
}

/// Whether `pkill` or `pgrep` chooses only children of one process, which is not the first one of the machine. The words
/// do not include a variable of the shell.
fn is_by_parent(words: &[String]) -> bool {
    let parent = |(at, word): (usize, &String)| {
        let rest =
            word.strip_prefix("--parent").or_else(|| word.strip_prefix("-P"))?.trim_start_matches('=').to_owned();
        Some(if rest.is_empty() { words.get(at + 1).cloned().unwrap_or_default() } else { rest })
    };
    let takes_parent = words.first().is_some_and(|first| ["pkill", "pgrep"].contains(&tables::program_name(first)));
    takes_parent
        && words.iter().enumerate().find_map(parent).is_some_and(|parent| !["0", "1"].contains(&parent.as_str()))
}

/// Whether the signal is 0, which only checks that the process exists, or the command only lists something.
fn is_harmless(words: &[String]) -> bool {
    let zero = |word: &str| ["-0", "-l", "-L", "--list", "-s0"].contains(&word);
    let named_zero =
        words.windows(2).any(|pair| ["-s", "-n", "--signal"].contains(&pair[0].as_str()) && pair[1] == "0");
    named_zero || words.iter().skip(1).any(|word| zero(word))
}

/// Whether a `kill` contains a pid: `kill -9 1234`, `kill {}`.
fn has_target(words: &[String]) -> bool {
    let takes_next = |before: &str| ["-s", "-n", "--signal"].contains(&before);
    words.windows(2).any(|pair| !pair[1].starts_with('-') && !takes_next(&pair[0]))
}

/// Whether a command kills the pids that another one prints: `xargs -r kill`, `do kill $pid`, `kill $pid`.
fn takes_pids(words: &[String]) -> bool {
    let at = words.iter().position(|word| tables::program_name(word) == tables::KILL);
    let is_number = |word: &String| word == "{}" || word.chars().all(|one| one.is_ascii_digit());
    at.is_some_and(|at| !is_harmless(&words[at..]) && !words[at + 1..].iter().any(is_number))
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
                r#"Command::new("sh").args(["-c", "for p in $(pgrep -x dnsmasq); do kill $p; done"]).status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "ps ax | grep dnsmasq | awk '{print $1}' | xargs -r kill"]).status().unwrap();"#,
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
                r#"Command::new("sh").args(["-c", "ps aux; kill 1234"]).status().unwrap();"#,
                r#"Command::new("sh").arg("-c").arg(format!("ps -p {pid} -o comm=; kill {pid}")).status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "pgrep dnsmasq && kill -0 $PID"]).status().unwrap();"#,
                r#"Command::new("pkill").args(["-0", "dnsmasq"]).status().unwrap();"#,
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
