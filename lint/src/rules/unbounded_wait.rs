//! # unbounded-wait
//!
//! Reports waiting for a child process, or reading its output to the end, without a limit of time around it.
//!
//! ## Why is this bad?
//! A server that does not end, or a child that keeps the pipe open, hangs the whole run until the machine's own
//! limit ends it, an hour later and without saying which test it was.
//!
//! ## Bad
//! ```text
//! let status = child.wait()?;
//! ```
//!
//! ## Good
//! ```text
//! let status = tokio::time::timeout(Duration::from_secs(10), child.wait()).await??;
//! child.kill()?; child.wait()?;
//! #[netns_test(deadline = "10s")] fn …        // netns-fixtures: every test has a deadline, and its children die with it
//! ```
//!
//! ## Limits
//! `output()` and `status()`, which mostly run short tools, are shown with `--pedantic`. Waiting for a tool that is
//! known to end by itself (`true`, `ls`, `sleep`) is a note: it ends, unless its standard input or output is stuck.
//!
//! ## References
//! CWE-400; waitpid(2).

use super::argv::{commands, is_one_of, unwrapped};
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, Sink};
use crate::finding::{Confidence, Severity};
use crate::rule::{Hit, Rule};
use crate::tables;

/// See the documentation of the module.
pub(crate) struct UnboundedWait;

impl Rule for UnboundedWait {
    fn name(&self) -> &'static str {
        "unbounded-wait"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
        for (id, call) in facts.calls.iter().enumerate() {
            let Some(receiver) = &call.receiver else { continue };
            let (what, pedantic) = match call.name.as_str() {
                "wait" | "wait_with_output" => ("waits for a child process", false),
                "read_to_end" | "read_to_string" => ("reads a child's output to its end", false),
                // tokio's `lines` waits for nothing yet.
                "lines" if call.surroundings.asynchronous => continue,
                "lines" | "next_line" | "read_line" | "read_until" | "read_exact" => ("reads from a child", false),
                "output" | "status" => ("waits for a command", true),
                _ => continue,
            };
            let reads = !["wait", "wait_with_output", "output", "status"].contains(&call.name.as_str());
            if reads && receiver.declared.is_none() && !comes_from_spawn(facts, receiver.call) {
                continue;
            }
            let command = receiver.call.and_then(|before| facts.command_behind(before));
            let declared = match call.name.as_str() {
                "wait" | "wait_with_output" => ["Child", "GroupChild"].as_slice(),
                "output" | "status" => &["Command"],
                _ => &["ChildStdout", "ChildStderr"],
            };
            let is_declared = receiver.declared.is_some_and(|name| declared.contains(&name));
            if command.is_none() && !is_declared {
                continue;
            }
            if facts.functions[call.function].isolated || has_ended(facts, id, call) || is_bounded(facts, config, (id, call), command) {
                continue;
            }
            let message = format!("`{}` {what} without a limit of time", call.name);
            let help = "put `tokio::time::timeout` around it, wait with `wait-timeout`, or kill the child first; a `#[netns_test]` \
                        has a deadline that ends its children too";
            let confidence = if command.is_some() { Confidence::High } else { Confidence::Medium };
            let hit = Hit::new(call.function, call.name_span, message, help).confidence(confidence).pedantic(pedantic);
            let short = command.is_some_and(|command| is_one_of(facts, command, config, &[tables::SHORT_TOOLS, tables::TIMED_TOOLS].concat()));
            hits.push(if short { hit.severity(Severity::Note) } else { hit });
        }
    }
}

/// Whether a value is a running child or a part of one, and not what is left when it has ended.
fn comes_from_spawn(facts: &FileFacts, value: Option<CallId>) -> bool {
    let mut next = value;
    while let Some(id) = next {
        let call = &facts.calls[id];
        if tables::TERMINAL.contains(&call.name.as_str()) {
            return ["spawn", "start", "popen"].contains(&call.name.as_str());
        }
        next = call.receiver.as_ref().and_then(|receiver| receiver.call).filter(|before| *before < id);
    }
    false
}

/// Whether the function has waited for the same child before: if that came to an end, so does this.
fn has_ended(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    let child = |call: &Call| call.receiver.as_ref().and_then(|receiver| receiver.call);
    let waits = |other: &Call| ["wait", "wait_with_output"].contains(&other.name.as_str());
    let first = facts.calls_around(id).start;
    facts.calls[first..id].iter().any(|other| other.function == call.function && waits(other) && child(other).is_some() && child(other) == child(call))
}

/// Whether something ends the wait: a limit around it, one of the command's own, or a kill before it.
fn is_bounded(facts: &FileFacts, config: &Config, (id, call): (CallId, &Call), command: Option<CallId>) -> bool {
    let limits = |name: &str| {
        let name = name.rsplit("::").next().unwrap_or(name);
        name.contains("timeout") || name.contains("deadline") || name == "select!"
    };
    if facts.enclosed_by(id, limits) {
        return true;
    }
    if command.is_some_and(|command| facts.object(command).any(|(_, other)| limits(&other.name))) {
        return true;
    }
    // `timeout 5 server`
    let of_command = |sink: &&Sink| sink.call.is_some() && sink.call == command;
    let ends_itself = |words: &Vec<String>| unwrapped(words).0.contains(&tables::TIMEOUT);
    if facts.sinks.iter().filter(of_command).any(|sink| commands(sink, config).first().is_some_and(ends_itself)) {
        return true;
    }
    // `child.kill()`, `kill(pid, …)`, or the end of a limit of our own before it.
    facts.calls[..id].iter().rev().take_while(|other| other.function >= call.function).any(|other| {
        other.function == call.function && (tables::ends_a_process(&other.name) || limits(&other.name))
    })
}

#[cfg(test)]
mod tests {
    use crate::finding::Severity;
    use crate::rules::testing::{clean, each_clean, each_found, found, found_pedantic};

    const FRAME: &str = "use std::process::{Child, Command}; {}";
    const RULE: &str = "unbounded-wait";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"fn f() { let mut c = Command::new("server").spawn().unwrap(); c.wait().unwrap(); }"#,
                r#"fn f() { Command::new("server").spawn().unwrap().wait().unwrap(); }"#,
                r#"fn f() { let c = Command::new("server").spawn().unwrap(); c.wait_with_output().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("server"); c.arg("x"); let mut c = c.spawn().unwrap(); c.wait().unwrap(); }"#,
                "fn f(mut child: Child) { child.wait().unwrap(); }",
                "fn f(child: &mut Child) { child.wait().unwrap(); }",
                r#"async fn f() { let mut c = tokio::process::Command::new("server").spawn().unwrap(); c.wait().await.unwrap(); }"#,
                r#"fn f() { let mut c = rt().block_on(async { Command::new("true").spawn().unwrap() }); rt().block_on(async { c.wait().await.unwrap(); }); }"#,
                r#"fn f() { let mut c = Command::new("server").spawn().unwrap(); let mut s = String::new(); c.stdout.take().unwrap().read_to_string(&mut s).unwrap(); }"#,
                "struct S { child: Child } impl S { fn stop(&mut self) { self.child.wait().unwrap(); } }",
                r#"fn start() -> Child { Command::new("server").spawn().unwrap() } fn f() { let mut c = start(); c.wait().unwrap(); }"#,
                r#"fn f() { if let Ok(mut c) = Command::new("server").spawn() { c.wait().unwrap(); } }"#,
                r#"fn f() { let mut c = Command::new("server").stdout(p).spawn().unwrap(); let mut line = String::new(); BufReader::new(c.stdout.take().unwrap()).read_line(&mut line).unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("server").stdout(p).spawn().unwrap(); for line in BufReader::new(c.stdout.unwrap()).lines() { check(line); } }"#,
                r#"fn f() { let mut c = Command::new("sh").args(["-c", "true; server"]).spawn().unwrap(); c.wait().unwrap(); }"#,
                "fn f(out: std::process::ChildStdout) { let mut v = vec![]; out.read_to_end(&mut v).unwrap(); }",
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"fn f() { let mut c = Command::new("server").spawn().unwrap(); c.kill().unwrap(); c.wait().unwrap(); }"#,
                r#"async fn f() { let mut c = tokio::process::Command::new("x").spawn().unwrap(); timeout(d, c.wait()).await.unwrap(); }"#,
                r#"async fn f() { let mut c = tokio::process::Command::new("x").spawn().unwrap(); tokio::select! { _ = c.wait() => {}, _ = sleep(d) => {} } }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); c.wait_timeout(d).unwrap(); c.wait().unwrap(); }"#,
                r#"fn f() { let c = Command::new("x").spawn().unwrap(); kill(Pid::from_raw(c.id() as i32), SIGTERM).unwrap(); c.wait_with_output().unwrap(); }"#,
                "fn f() { let barrier = Barrier::new(6); barrier.wait(); }",
                "fn f(pair: &Condvar) { pair.wait(guard).unwrap(); }",
                r#"fn f() { std::fs::File::open("x").unwrap().read_to_string(&mut s).unwrap(); }"#,
                r#"#[netns_test] fn f() { Command::new("x").spawn().unwrap().wait().unwrap(); }"#,
                r#"fn f() { assert_cmd::Command::new("x").timeout(d).output().unwrap(); }"#,
                r#"fn f() { Command::new("ls").output().unwrap(); }"#,
                r#"fn f() { let out = Command::new("ls").output().unwrap(); for line in String::from_utf8(out.stdout).unwrap().lines() { check(line); } }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); while c.try_wait().unwrap().is_none() { pause(); } }"#,
                "fn f(response: Response) { response.status().unwrap(); }",
            ],
        );
        clean(RULE, "fn f(task: Task) { task.wait(); }");
    }

    #[test]
    fn output_and_status_are_pedantic() {
        let code = r#"fn f() { std::process::Command::new("ls").output().unwrap(); }"#;
        assert_eq!(found_pedantic(RULE, code).len(), 1);
    }

    #[test]
    fn a_tool_that_ends_by_itself_is_a_note() {
        let severity = |argv: &str| {
            let code = format!("fn f() {{ std::process::Command::new({argv}).spawn().unwrap().wait().unwrap(); }}");
            found(RULE, &code)[0].severity
        };
        assert_eq!(severity(r#""/bin/true""#), Severity::Note);
        assert_eq!(severity(r#""sh").args(["-c", "echo a; exit 1"]"#), Severity::Note);
        assert_eq!(severity(r#""sh").args(["-c", "true; server"]"#), Severity::Warning);
        assert_eq!(severity(r#""server""#), Severity::Warning);
    }
}
