//! # unbounded-wait
//!
//! Reports waiting for a child process, reading its output to the end, or waiting for a message of a peer, without a limit
//! of time around it.
//!
//! ## Why is this bad?
//! A server that does not end, or a child that keeps the pipe open, hangs the whole run until the machine's own limit
//! ends it, an hour later and without the name of the test.
//!
//! ## Bad
//! ```text
//! let status = child.wait()?;
//! let reply = client.recv().await?;
//! stream.read_exact(&mut reply).await?;                    // a connection to the server under test
//! while TcpStream::connect(address).is_err() { thread::sleep(PAUSE); }
//! loop { tokio::select! { event = one.next_event() => { … } event = other.next_event() => { … } } }
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
//! Shown with `--pedantic`: a tool that does one task on this machine and ends (`ls`, `ip link`, `cargo build`), and
//! any command without a known name that `output()` or `status()` runs. Always shown: programs of the workspace,
//! servers, virtual machines and downloads. A tool that reads from a pipe is a note. A thread that no code joins may
//! wait without a limit.
//!
//! A read from a TCP or Unix stream, an `accept`, and the next message of a WebSocket or a `Framed` stream count if the
//! other end is the program under test: code of the workspace that the test or its callers in the file call listens,
//! connects, or gets the test's listener or stream; or the test starts a program; or no listener is in sight. If the test
//! has both ends, or may have, the wait is pedantic: what a helper of the tests binds or connects itself belongs to the
//! test. So is an `accept` after a call that may have connected. `set_read_timeout`, `set_nonblocking(true)` and an
//! attribute `#[timeout]` of the test are limits.
//!
//! A datagram counts if the program under test gets or sends one, and no other socket of the test sends.
//!
//! A call of the program under test counts, too, if its function reads from a socket on every path that returns, and nothing
//! sets a limit: neither the function, nor the object's constructor, nor the test. It is pedantic if the test serves the other end
//! itself. One finding for each object in a function. An `async` function that connects is left to `client-without-timeout`.
//!
//! After `wait_timeout` or `try_wait` the child counts as ended on the branch with its status, and where the code reads the
//! answer in a way that is not followed; if nothing reads it, the child may still run. A loop of such looks counts as passed. A method with `timeout` or `deadline` in its name
//! is a limit unless it limits a part (connecting, sending, idle connections) or gets `None`.
//!
//! Code of a thread or a task counts if the function joins or awaits it without a limit. It is pedantic for a server of the test
//! if the test checks the client under test before it joins: a client that fails ends the test. A barrier and a condition count if
//! the other thread is in the same function and may panic or return before it does its part.
//!
//! A wait for a message counts in a function that a test runs itself and that contacts a peer, or receives one as a
//! parameter; not in spawned tasks and closures, which are mostly the handlers of a server. A race in a loop counts if
//! neither an arm nor the loop checks a clock. Pedantic: a channel that the function makes, `next` and `accept`, and
//! everything in examples.
//!
//! A loop that pauses and asks again counts if it asks a peer or the program under test, and neither a clock, a count nor
//! a `timeout` around it ends it. Other such loops are pedantic: they wait for the test's own threads. A function of the
//! program under test that contains such a loop counts where a test calls it.
//!
//! With `--pedantic`, every other wait of a test counts too: for its own threads and tasks, at a barrier, on a connection of which the test has
//! both ends, and for a connection that the program under test opens.
//!
//! ## References
//! CWE-400; waitpid(2).

use super::argv::{commands, is_one_of};
use super::stream::{has_limit_by_attribute, has_limit_by_each_caller, with_callers};
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, Sink};
use crate::finding::{Confidence, Severity};
use crate::flow::Flow;
use crate::rule::{Hit, cut_short, too_deep};
use crate::shell::unwrapped;
use crate::tables;
use crate::value::Value;

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let mut flow = None;
    for (id, call) in facts.calls.iter().enumerate() {
        let (Some(receiver), Some((what, waits_for))) = (&call.receiver, kind(call)) else { continue };
        let is_read = waits_for == ["ChildStdout", "ChildStderr"];
        if is_read && !is_pipe(facts, receiver) {
            continue;
        }
        let command = receiver.call.and_then(|before| facts.command_behind(before));
        let is_declared = is_read || receiver.declared.is_some_and(|name| waits_for.contains(&name));
        if facts.functions[call.function].isolated || command.is_none() && !is_declared {
            continue;
        }
        let flow = flow.get_or_insert_with(|| Flow::new(facts));
        let functions = with_callers(facts, call.function);
        let is_bounded = command.is_some_and(|command| ends_itself(facts, config, command, id))
            || flow.is_bounded(id)
            || has_limit_by_attribute(facts, &functions)
            || has_limit_by_each_caller(facts, flow, call.function);
        if flow.is_cut_short() {
            hits.push(cut_short(call));
            return;
        }
        if flow.took_too_deep() {
            hits.push(too_deep(call));
            continue;
        }
        if is_bounded {
            continue;
        }
        let message = format!("`{}` {what} without a limit of time", call.name);
        let help = "put `tokio::time::timeout` around it, wait with `wait-timeout`, or kill the child first; a `#[netns_test]` \
                    has a deadline that ends its children too";
        let confidence = if command.is_some() { Confidence::High } else { Confidence::Medium };
        let hit = Hit::new(call.function, call.name_span, message, help).confidence(confidence);
        let runs_once = waits_for == ["Command"];
        let is_short = command.is_some_and(|command| is_short(facts, config, command));
        let is_long = || command.is_some_and(|command| is_long(facts, config, command));
        // A tool that reads from a pipe ends when the test closes the pipe.
        let is_fed = || command.is_some_and(|command| is_fed(facts, command));
        let is_pedantic = runs_once && !is_long() || is_short && !is_fed();
        hits.push(if is_short && !is_pedantic { hit.severity(Severity::Note) } else { hit.pedantic(is_pedantic) });
    }
    super::message::check(facts, config, &mut flow, hits);
    super::poll::check(facts, &mut flow, hits);
    super::product_wait::check(facts, &mut flow, hits);
    super::gathering::check(facts, &mut flow, hits);
    super::confined_wait::check(facts, config, &mut flow, hits);
}

/// Returns the subject of a wait as text, and the possible types of the receiver; `None` if the call does not wait.
fn kind(call: &Call) -> Option<(&'static str, &'static [&'static str])> {
    Some(match call.name.as_str() {
        "wait" | "wait_with_output" => ("waits for a child process", &["Child", "GroupChild"]),
        "read_to_end" | "read_to_string" => ("reads a child's output to its end", &["ChildStdout", "ChildStderr"]),
        // `lines` of tokio does not wait yet.
        "lines" if call.surroundings.asynchronous => return None,
        "lines" | "next_line" | "read_line" | "read_until" | "read_exact" => {
            ("reads from a child", &["ChildStdout", "ChildStderr"])
        }
        // The methods of duct, xshell and subprocess; other types with such methods have no command behind them.
        "output" | "status" | "run" | "read" | "read_stderr" | "capture" => ("waits for a command", &["Command"]),
        _ => return None,
    })
}

/// Whether a value is an output of a running child, or reads from one, and not the rest that an ended child has left.
///
/// An object that another crate starts, such as a terminal session or a child with its own limits, reads in another
/// way.
fn is_pipe(facts: &FileFacts, value: &Value) -> bool {
    let mut next = Some(value);
    while let Some(value) = next {
        if value.declared.is_some_and(|name| ["ChildStdout", "ChildStderr"].contains(&name)) {
            return true;
        }
        let Some(id) = value.call else { return false };
        let call = &facts.calls[id];
        if tables::TERMINAL.contains(&call.name.as_str()) {
            return tables::STARTS.contains(&call.name.as_str())
                && (value.declared == Some("Child") || facts.command_behind(id).is_some());
        }
        let is_earlier = |receiver: &&Value| receiver.call.is_none_or(|before| before < id);
        next = call.receiver.as_ref().filter(is_earlier);
    }
    false
}

/// Whether the command has its own timeout: `timeout 5 server`, or one that the test set on it before the call `wait`.
fn ends_itself(facts: &FileFacts, config: &Config, command: CallId, wait: CallId) -> bool {
    let of_command = |sink: &&Sink| sink.call == Some(command);
    let is_limited = |words: &Vec<String>| {
        let (wrappers, words) = unwrapped(words);
        let program = words.first().map(|first| tables::program_name(first));
        let options = tables::LIMITING_OPTIONS.iter().filter(|(known, _)| program == Some(known));
        wrappers.contains(&tables::TIMEOUT)
            || options.into_iter().any(|(_, options)| words.iter().any(|word| options.contains(&word.as_str())))
    };
    facts.is_limited_before(command, wait)
        || facts.sinks.iter().filter(of_command).any(|sink| commands(sink, config).first().is_some_and(is_limited))
}

/// Whether the command does one task on this machine and ends.
fn is_short(facts: &FileFacts, config: &Config, command: CallId) -> bool {
    is_one_of(facts, command, config, &[tables::SHORT_TOOLS, tables::TIMED_TOOLS, tables::LOCAL_TOOLS].concat())
}

/// Whether the command reads from a pipe that the test holds open.
fn is_fed(facts: &FileFacts, command: CallId) -> bool {
    let is_piped = |value: &Value| value.call.is_some_and(|call| facts.calls[call].name == "piped");
    facts.object(command).any(|(_, call)| call.name == "stdin" && call.arguments.iter().any(is_piped))
}

/// Whether the command is a program of the workspace, or a program that serves or waits for others.
fn is_long(facts: &FileFacts, config: &Config, command: CallId) -> bool {
    let of_workspace = |value: &Value| {
        let made_by = value.call.map_or("", |call| facts.calls[call].name.as_str());
        facts.written(value.span).contains("CARGO_BIN_EXE_") || tables::WORKSPACE_PROGRAMS.contains(&made_by)
    };
    let is_known = |words: &Vec<String>| {
        let Some((program, operands)) = unwrapped(words).1.split_first() else { return false };
        let name = tables::program_name(program);
        let does = |(known, does): &(&str, &[&str])| {
            *known == name && operands.iter().any(|word| does.contains(&word.as_str()))
        };
        tables::LONG_PROGRAMS.contains(&name) || tables::LONG_OPERANDS.iter().any(does)
    };
    let is_it = |sink: &&Sink| sink.call == Some(command);
    let about_itself =
        |value: &Value| value.constant().is_some_and(|word| tables::ABOUT_ITSELF.contains(&word.as_str()));
    let mut sinks = facts.sinks.iter().filter(is_it).peekable();
    let asks = sinks.peek().is_some_and(|sink| sink.values.iter().any(about_itself));
    let by_workspace = facts.calls[command].arguments.first().is_some_and(of_workspace);
    !asks && (by_workspace || sinks.any(|sink| commands(sink, config).iter().any(is_known)))
}

#[cfg(test)]
mod tests {
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
                r#"fn f() { let mut c = rt().block_on(async { Command::new("server").spawn().unwrap() }); rt().block_on(async { c.wait().await.unwrap(); }); }"#,
                r#"fn f() { let mut c = Command::new("server").spawn().unwrap(); let mut s = String::new(); c.stdout.take().unwrap().read_to_string(&mut s).unwrap(); }"#,
                "struct S { child: Child } impl S { fn stop(&mut self) { self.child.wait().unwrap(); } }",
                r#"fn start() -> Child { Command::new("server").spawn().unwrap() } fn f() { let mut c = start(); c.wait().unwrap(); }"#,
                r#"fn f() { if let Ok(mut c) = Command::new("server").spawn() { c.wait().unwrap(); } }"#,
                r#"fn f() { let mut c = Command::new("server").stdout(p).spawn().unwrap(); let mut line = String::new(); BufReader::new(c.stdout.take().unwrap()).read_line(&mut line).unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("server").stdout(p).spawn().unwrap(); for line in BufReader::new(c.stdout.unwrap()).lines() { check(line); } }"#,
                r#"fn f() { let mut c = Command::new("sh").args(["-c", "true; server"]).spawn().unwrap(); c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); c.wait_timeout(d).unwrap(); c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); let _ = c.wait_timeout(d); c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); for _ in 0..3 { c.try_wait().unwrap(); } c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); for _ in 0..3 { if c.try_wait().unwrap().is_some() { break; } pause(); } c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); for _ in 0..3 { match c.try_wait() { Ok(Some(_)) => break, _ => pause() } } c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); if let Some(s) = c.wait_timeout(d).unwrap() { check(s); } c.wait().unwrap(); }"#,
                r#"fn pause(c: &mut Child) { c.wait_timeout(d).unwrap(); } fn f() { let mut c = Command::new("x").spawn().unwrap(); pause(&mut c); c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = assert_cmd::Command::new(env!("CARGO_BIN_EXE_server")); c.timeout(None); c.output().unwrap(); }"#,
                r#"fn f() { let mut c = assert_cmd::Command::new(env!("CARGO_BIN_EXE_server")); c.timeout(d); c.timeout(None); c.output().unwrap(); }"#,
                r#"fn f() { let mut c = assert_cmd::Command::new(env!("CARGO_BIN_EXE_server")); c.output().unwrap(); c.timeout(d); }"#,
                r#"fn f() -> R { let mut c = Command::new("x").spawn()?; let cached = old(); cached.or(Some(c.wait()?)); }"#,
                r#"async fn f() -> R { let mut c = tokio::process::Command::new("x").spawn()?; cached().or(Some(c.wait().await?)); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); nix::sys::select::select(1, c.wait().unwrap()); }"#,
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
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); if c.wait_timeout(d).unwrap().is_none() { c.kill().unwrap(); } c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); let Some(s) = c.wait_timeout(d).unwrap() else { panic!() }; c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); c.wait_timeout(d).unwrap().expect("it ends"); c.wait().unwrap(); }"#,
                r#"fn f() -> Option<()> { let mut c = Command::new("x").spawn().unwrap(); c.wait_timeout(d).ok()??; c.wait().unwrap(); None }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); assert!(c.wait_timeout(d).unwrap().is_some()); c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); let s = c.wait_timeout(d).unwrap(); if s.is_none() { c.kill().unwrap(); } c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); match c.wait_timeout(d).unwrap() { Some(s) => check(s), None => c.kill().unwrap() } c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); for _ in 0..3 { if c.try_wait().unwrap().is_some() { return; } pause(); } c.kill().unwrap(); c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); let mut done = false; for _ in 0..3 { if c.try_wait().unwrap().is_some() { done = true; break; } pause(); } if !done { c.kill().unwrap(); } c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); let mut done = false; for _ in 0..3 { if c.try_wait().unwrap().is_some() { done = true; break; } pause(); } assert!(done); c.wait().unwrap(); }"#,
                r#"fn f() { let mut c = Command::new("x").spawn().unwrap(); loop { match c.try_wait().unwrap() { Some(_) => break, None if late() => { c.kill().unwrap(); break } None => pause() } } c.wait().unwrap(); }"#,
                r#"async fn f() { let mut c = smol::process::Command::new("x").spawn().unwrap(); c.status().or(async { timer().await }).await; }"#,
                r#"async fn f() { let mut c = tokio::process::Command::new("x").spawn().unwrap(); futures_lite::future::race(c.wait(), timer()).await; }"#,
                r#"fn f() { let mut c = async_process::Command::new("x").spawn().unwrap(); block_on(timer().or(c.status())); }"#,
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
    fn closures_that_nest_too_deeply_are_said_to_be_left_out() {
        for (depth, said) in [(4, "waits for a child process without a limit"), (80, "was not judged")] {
            let inner = "c.wait().unwrap();".to_owned();
            let nested = (0..depth).fold(inner, |inner, _| format!("run(|| {{ {inner} }});"));
            let code =
                format!(r#"fn f() {{ let mut c = std::process::Command::new("server").spawn().unwrap(); {nested} }}"#);
            // As in a run, for the parser recurses.
            let findings = crate::stack::with_worker_stack(|| found(RULE, &code)).expect("it does not panic");
            let messages: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
            assert!(messages.len() == 1 && messages[0].contains(said), "{depth}: {messages:?}");
        }
    }

    #[test]
    fn output_and_status_are_pedantic() {
        let code = r#"fn f() { std::process::Command::new("ls").output().unwrap(); }"#;
        assert_eq!(found_pedantic(RULE, code).len(), 1);
    }

    #[test]
    fn tools_that_end_by_themselves_are_pedantic() {
        for argv in [r#""/bin/true""#, r#""sh").args(["-c", "echo a; exit 1"]"#, r#""ip").args(["link", "show"]"#] {
            let code = format!("fn f() {{ std::process::Command::new({argv}).spawn().unwrap().wait().unwrap(); }}");
            clean(RULE, &code);
            assert_eq!(found_pedantic(RULE, &code).len(), 1, "{argv}");
        }
    }

    #[test]
    fn programs_that_may_never_end_are_not() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"fn f() { Command::new("sh").args(["-c", "true; server"]).spawn().unwrap().wait().unwrap(); }"#,
                r#"fn f() { Command::new(env!("CARGO_BIN_EXE_server")).output().unwrap(); }"#,
                r#"fn f() { Command::new("curl").arg(url).status().unwrap(); }"#,
                r#"fn f() { Command::new("sudo").args(["qemu-system-x86_64", "-m", "1G"]).status().unwrap(); }"#,
            ],
        );
    }
}
