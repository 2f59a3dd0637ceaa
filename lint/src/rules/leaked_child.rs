//! # leaked-child
//!
//! Reports a child process that nothing ends: it is never waited for or killed, or a `?`, an assertion or an
//! `unwrap` between its start and its end leaves it running.
//!
//! ## Why is this bad?
//! Dropping a `Child` does not end the process. The process keeps its port, its device and its folder, and the next run
//! of the test fails for a reason that its report does not show.
//!
//! ## Bad
//! ```text
//! let mut server = Command::new("server").spawn()?;
//! assert!(client().is_ok());        // panics: the server stays
//! server.kill()?;
//! ```
//!
//! ## Good
//! ```text
//! let server = tokio::process::Command::new("server").kill_on_drop(true).spawn()?;
//! struct Server(Child);             // with a `Drop` that kills and waits
//! let server = host.command("server")?.spawn()?;     // netns-fixtures: dies with the test, its children too
//! ```
//!
//! ## Fix
//! `kill_on_drop(true)` for commands of tokio and async-process whose child is kept in a variable. A child of `std`
//! needs a guard, and a child without a variable would be killed at once.
//!
//! ## Limits
//! A child that is returned, stored or passed to another function is not followed; a private field that no code of the
//! file reads does not count as storage. A child that the test only waits for, and that ends on its own, is shown with
//! `--pedantic` if the test can fail before the wait.
//!
//! ## References
//! The documentation of `std::process::Child`, "there is no implementation of Drop".

use super::argv::is_one_of;
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts};
use crate::finding::Confidence;
use crate::flow::{Exit, Flow, Lives, Point, starts_child};
use crate::rule::{Hit, Proposal, cut_short, too_deep};
use crate::span::Span;
use crate::tables;
use crate::value::Value;

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let mut flow = None;
    for (id, call) in facts.calls.iter().enumerate() {
        if !starts_child(facts, id) || facts.functions[call.function].isolated || is_refused(facts, id) {
            continue;
        }
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let Some(start) = flow.place(id).map(Point::behind) else { continue };
        let command = call.receiver.as_ref().and_then(|receiver| facts.command_behind(receiver.call?));
        let is_piped = command.is_none_or(|command| facts.object(command).any(|(_, other)| is_pipe(facts, other)));
        let is_there = |of: CallId| match facts.calls[of].name.as_str() {
            "take" => is_piped,
            name => tables::CHILD_GETTERS.contains(&name) || tables::CHILD_LOOKS.contains(&name),
        };
        let lives = flow.lives(&facts.with_alternatives(id), start, is_there);
        if flow.is_cut_short() {
            hits.push(cut_short(call));
            return;
        }
        if flow.took_too_deep() {
            hits.push(too_deep(call));
            continue;
        }
        let short = command.is_some_and(|command| is_one_of(facts, command, config, tables::SHORT_TOOLS));
        let hit = judged(facts, &lives, call).map(|hit| if short { hit.pedantic(true) } else { hit });
        hits.extend(hit.map(|hit| hit.fix(command.and_then(|command| kill_on_drop(facts, command, call)))));
    }
}

/// Whether the call requests a pipe to the child.
fn is_pipe(facts: &FileFacts, call: &Call) -> bool {
    let is_piped = |value: &Value| value.call.is_some_and(|call| facts.calls[call].name == "piped");
    ["stdin", "stdout", "stderr"].contains(&call.name.as_str()) && call.arguments.iter().any(is_piped)
}

/// Proposes `kill_on_drop(true)` before `spawn` for commands that support it; on its own line if `spawn` is on its own
/// line.
fn kill_on_drop(facts: &FileFacts, command: CallId, spawn: &Call) -> Option<Proposal> {
    let has_it = ["tokio::process::Command::new", "async_process::Command::new"];
    if !has_it.iter().any(|known| tables::ends_with(&facts.calls[command].path, known)) || !is_kept(facts, spawn) {
        return None;
    }
    let before = facts.written(Span::new(0, spawn.name_span.start));
    let (lines, line) = before.split_at(before.rfind('\n').map_or(0, |end| end + 1));
    let is_alone = line.trim_start() == ".";
    let end = if lines.ends_with("\r\n") { "\r\n" } else { "\n" };
    let text = if is_alone { format!("kill_on_drop(true){end}{line}") } else { "kill_on_drop(true).".to_owned() };
    Some(Proposal::insert("kill it when it is dropped", spawn.name_span.start, text))
}

/// Whether the statement is `let name = ….spawn()…;`, and the code after `spawn` only unwraps the error.
fn is_kept(facts: &FileFacts, spawn: &Call) -> bool {
    let before = facts.written(Span::new(0, spawn.span.start)).trim_end();
    let named = before.strip_suffix('=').map(str::trim_end);
    let named = named.is_some_and(|before| before.ends_with(|last: char| last.is_alphanumeric() || last == '_'));
    let dropped_at_once = before.split_whitespace().rev().take(2).eq(["=", "_"]);
    let length = u32::try_from(facts.text.len()).unwrap_or(u32::MAX);
    let mut after = facts.written(Span::new(spawn.span.end, length)).trim_start();
    while let Some(rest) = after.strip_prefix('?').or_else(|| after.strip_prefix(".unwrap()")) {
        after = rest.trim_start();
    }
    if let Some(rest) = after.strip_prefix(".expect(\"").and_then(|rest| rest.split_once("\")")) {
        after = rest.1.trim_start();
    }
    named && !dropped_at_once && after.starts_with(';')
}

fn judged(facts: &FileFacts, lives: &Lives, start: &Call) -> Option<Hit> {
    let help = "give it to a guard whose `Drop` kills and waits, or use `kill_on_drop(true)` (tokio); with netns-fixtures, \
                `host.command(…)?.spawn()` dies with the test";
    if let Some(span) = lives.still {
        let message = "this child process runs on if the test ends while it still runs";
        return Some(
            Hit::new(start.function, start.span, message, help)
                .label(span, "the test ends here, and the child has not ended"),
        );
    }
    let Some(last) = lives.ends.iter().rfind(|end| end.by.is_some()).or(lives.ends.last()) else {
        if lives.looks || lives.exits.is_empty() {
            return None;
        }
        let message = "this child process is never waited for or killed: it may run on after the test";
        return Some(Hit::new(start.function, start.span, message, help));
    };
    // A loop that ends each child of a list runs once per child.
    let in_rounds =
        last.by.is_some_and(|by| facts.calls[by].surroundings.is_repeated()) && !start.surroundings.is_repeated();
    let is_written = |exit: &&Exit| exit.span != Span::default() || !in_rounds;
    let exit = lives.exits.iter().find(is_written)?;
    let killed = lives.ends.iter().any(|end| end.killed || end.by.is_none());
    let end = last.by.map(|by| &facts.calls[by]);
    let before = end.map_or("it is handed on".to_owned(), |end| format!("`{}`", end.name));
    let ends = if exit.is_return { "function returns" } else { "test ends" };
    let message = format!("this child process runs on if the {ends} before {before}");
    let mut hit = Hit::new(start.function, start.span, message, help)
        .confidence(if killed { Confidence::High } else { Confidence::Medium })
        .pedantic(!killed);
    if exit.span != Span::default() {
        hit = hit.label(exit.span, if exit.is_return { "it may return here" } else { "the test may end here" });
    }
    Some(match end {
        Some(end) => hit.label(end.name_span, "the child ends here"),
        None => hit,
    })
}

/// Whether the test expects that the program does not exist.
fn is_refused(facts: &FileFacts, spawn: CallId) -> bool {
    let of_it = |other: &Call| other.receiver.as_ref().is_some_and(|receiver| receiver.call == Some(spawn));
    facts.calls_from(spawn).any(|(_, other)| tables::REFUSALS.contains(&other.name.as_str()) && of_it(other))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_fixed, each_found, each_without_fix, found_pedantic};

    const FRAME: &str = "use std::process::{Child, Command}; {}";
    const RULE: &str = "leaked-child";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"fn f() { Command::new("server").spawn().unwrap(); }"#,
                r#"fn f() { let _server = Command::new("server").spawn().unwrap(); client(); }"#,
                r#"fn f() { let mut s = Command::new("server").spawn().unwrap(); assert!(client()); s.kill().unwrap(); }"#,
                r#"fn f() { let mut s = Command::new("server").spawn().unwrap(); client().unwrap(); s.kill().unwrap(); s.wait().unwrap(); }"#,
                r#"fn f() -> R { let mut s = Command::new("server").spawn()?; client()?; s.kill()?; Ok(()) }"#,
                r#"fn f() { let mut s = Command::new("server").spawn().unwrap(); assert_eq!(client(), 1); s.kill().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("server"); c.arg("-d"); let s = c.spawn().unwrap(); client(s.id()); }"#,
                r#"async fn f() { let s = tokio::process::Command::new("server").spawn().unwrap(); client().await; }"#,
                r#"fn f() { let mut s = Command::new("server").spawn().expect("starts"); client().expect("answers"); s.kill().ok(); }"#,
                r#"fn f() { let s = Command::new("server").spawn().unwrap(); let pid = s.id(); println!("{pid}"); }"#,
                r#"fn f() { let mut s = Command::new("server").spawn().unwrap(); let out = s.stdout.take().unwrap(); read(out); s.kill().unwrap(); }"#,
                r#"fn f() { if let Ok(mut s) = Command::new("server").spawn() { client().unwrap(); s.kill().unwrap(); } }"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"fn f() { let mut s = Command::new("server").spawn().unwrap(); s.wait().unwrap(); }"#,
                r#"fn f() { let mut s = Command::new("server").spawn().unwrap(); client(); s.kill().unwrap(); s.wait().unwrap(); }"#,
                r#"fn f() { let s = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap(); client(); }"#,
                r#"fn f() { let s = Server(Command::new("server").spawn().unwrap()); client().unwrap(); }"#,
                r#"fn f() -> Child { Command::new("server").spawn().unwrap() }"#,
                r#"fn f() -> S { let child = Command::new("server").spawn().unwrap(); S { child, port: 1 } }"#,
                r#"fn f() { let s = Command::new("server").spawn().unwrap(); let _guard = Guard::new(s); client().unwrap(); }"#,
                r#"fn f() { let mut all = Vec::new(); all.push(Command::new("server").spawn().unwrap()); stop(all); }"#,
                r#"fn f() -> (Child, u16) { let c = Command::new("server").spawn().unwrap(); (c, 1) }"#,
                r#"impl S { fn start(&mut self) { self.child = Some(Command::new("server").spawn().unwrap()); } }"#,
                r#"#[netns_test] fn f() { Command::new("server").spawn().unwrap(); }"#,
                "fn f() { std::thread::spawn(|| work()); }",
                r#"fn f() { Command::new("ls").output().unwrap(); }"#,
            ],
        );
    }

    #[test]
    fn a_child_that_ends_by_itself_is_pedantic() {
        let code = r#"fn f() { let mut s = std::process::Command::new("ls").spawn().unwrap(); check().unwrap(); s.wait().unwrap(); }"#;
        assert_eq!(found_pedantic(RULE, code).len(), 1);
    }

    #[test]
    fn fixed() {
        each_fixed(
            RULE,
            FRAME,
            &[
                (
                    r#"fn f() { let c = tokio::process::Command::new("x").spawn().unwrap(); }"#,
                    r#"fn f() { let c = tokio::process::Command::new("x").kill_on_drop(true).spawn().unwrap(); }"#,
                ),
                (
                    "use tokio::process as p; fn f() {\n    let c = p::Command::new(\"x\")\n        .spawn();\n}",
                    "use tokio::process as p; fn f() {\n    let c = p::Command::new(\"x\")\n        .kill_on_drop(true)\n        .spawn();\n}",
                ),
                (
                    "fn f() {\r\n    let c = tokio::process::Command::new(\"x\")\r\n        .spawn();\r\n}",
                    "fn f() {\r\n    let c = tokio::process::Command::new(\"x\")\r\n        .kill_on_drop(true)\r\n        .spawn();\r\n}",
                ),
            ],
        );
        each_without_fix(
            RULE,
            FRAME,
            &[
                r#"fn f() { let c = Command::new("x").spawn().unwrap(); }"#,
                r#"fn f() { tokio::process::Command::new("x").spawn().unwrap(); }"#,
                r#"fn f() { let _ = tokio::process::Command::new("x").spawn().unwrap(); }"#,
                r#"fn f() { let pid = tokio::process::Command::new("x").spawn().unwrap().id(); }"#,
            ],
        );
    }
}
