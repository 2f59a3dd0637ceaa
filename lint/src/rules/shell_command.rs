//! # shell-command
//!
//! Reports a command line that a shell interprets: `sh -c`, `bash -lc`, `cmd /C`, `powershell -Command`, also behind
//! `sudo`, `env`, `nsenter`, `ip netns exec`, `ssh` and similar programs, and functions that call a shell themselves
//! (`libc::system`, `Exec::shell`).
//!
//! ## Why is this bad?
//! The shell reads a name, a path or an address in the text as shell syntax. A test that runs with privileges then runs
//! whatever a device name, a temporary folder or an environment variable contains, and it breaks on the first space. A
//! constant text does not have this problem, but hides the exit status of all programs except the last; it is reported
//! with `--pedantic`.
//!
//! ## Bad
//! ```text
//! Command::new("sh").arg("-c").arg(format!("ip netns exec {ns} ping -c 1 {addr}")).status()?;
//! ```
//!
//! ## Good
//! ```text
//! Command::new("/usr/bin/ping").args(["-c", "1", "--"]).arg(addr.to_string()).status()?;
//! host.command("ping")?.args(["-c", "1"]).spawn()?;  // netns-fixtures: inside the host's namespace
//! ```
//!
//! ## Limits
//! A runner that takes a program and its arguments in two parameters is recognised only if its body is part of the run.
//!
//! ## References
//! CWE-78; the man page of system(3), section "Caveats".

use super::argv::{Callers, script_of};
use crate::config::Config;
use crate::facts::{Call, FileFacts, Sink, SinkKind};
use crate::finding::Confidence;
use crate::rule::Hit;
use crate::value::{Origin, Piece, Value};

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let callers = Callers::new(facts);
    for sink in &facts.sinks {
        let Some((shell, script)) = script_in(sink, config) else { continue };
        // A constant text is harmless in the called function.
        let given = |call: &Sink| {
            let (_, text) = script_in(call, config)?;
            let text = text.filter(|text| !is_settled(text))?;
            let (name, text) = (call.through.as_ref()?, shortened(text));
            let what = if text == "{}" { "a text".to_owned() } else { format!("`{text}`") };
            Some(format!("`{name}` gets {what} here"))
        };
        // A private helper is as good as its callers, if all of them are in sight.
        let is_settled_by_callers = || {
            let function = &facts.functions[sink.function];
            let holder = function.item.rsplit("::").nth(1).unwrap_or_default();
            let is_method = holder.starts_with(|first: char| first.is_uppercase());
            let mut calls = facts.calls_of(sink.function).peekable();
            let given = |call: &Call| {
                let mut here =
                    facts.sinks.iter().filter(|other| other.span == call.span && other.through.is_some()).peekable();
                here.peek().is_some()
                    && here.all(|other| script_in(other, config).is_some_and(|(_, text)| text.is_some_and(is_settled)))
            };
            let depends = script.is_some_and(|text| !text.parameters.is_empty() && text.sources.is_empty());
            !is_method
                && !function.public
                && !function.run_by_harness
                && depends
                && calls.peek().is_some()
                && calls.all(|(_, call)| given(call))
        };
        let found = hit(sink, &shell, script);
        let is_pedantic = found.pedantic || is_settled_by_callers();
        hits.push(callers.labelled(found.pedantic(is_pedantic), sink, given));
    }
}

/// Returns the shell that receives a text, and the text if it is known.
fn script_in<'s>(sink: &'s Sink, config: &Config) -> Option<(String, Option<&'s Value>)> {
    match sink.kind {
        SinkKind::Command => script_of(&sink.values, config),
        SinkKind::ShellString | SinkKind::RemoteScript => sink.values.first().map(|text| (sink.by.clone(), Some(text))),
        _ => None,
    }
}

/// Returns the text on one line, or its start.
fn shortened(script: &Value) -> String {
    let text = script.shown().split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > 60 { format!("{}…", text.chars().take(59).collect::<String>()) } else { text }
}

/// Whether only the code decides what the shell does: every part is constant, a number, an address, or quoted for the shell.
fn is_settled(script: &Value) -> bool {
    let settled = |value: &Value| {
        let mut before = "";
        value.items.is_none()
            && value.pieces.iter().all(|piece| match piece {
                Piece::Text(text) => {
                    before = text;
                    true
                }
                Piece::Plain => true,
                // Inside other quotes, the shell would split the quoted text again.
                Piece::Quoted => !before.ends_with(['"', '\'']),
                _ => false,
            })
    };
    script.readings().all(settled)
}

fn hit(sink: &Sink, shell: &str, script: Option<&Value>) -> Hit {
    let constant = script.is_none_or(is_settled);
    let text = script.map(shortened).unwrap_or_default();
    let message = match (script, constant) {
        (None, _) => format!("`{shell}` interprets a command line that is put together elsewhere"),
        (Some(_), true) => format!("`{shell}` interprets the fixed command line `{text}`"),
        (Some(_), false) if text == "{}" => format!("`{shell}` interprets a command line that is not constant"),
        (Some(_), false) => format!("`{shell}` interprets a command line with parts that are not constant: `{text}`"),
    };
    let message = match &sink.through {
        Some(function) => format!("{message} (in `{function}`, with what is given here)"),
        None => message,
    };
    let help = "give the program its arguments as a list, `Command::new(program).args([…])`; with netns-fixtures, \
                `host.command(program)?` runs it inside the host's namespace without a shell";
    let mut hit = Hit::new(sink.function, sink.span, message, help).pedantic(constant);
    if let Some(script) = script {
        if script.span != sink.span {
            hit = hit.label(script.span, "this text is read as shell syntax");
        }
        for source in &script.sources {
            let what = match source.origin {
                Origin::Environment => "the environment decides a part of it",
                Origin::Argument => "an argument of the program decides a part of it",
                Origin::File => "a file decides a part of it",
                Origin::Option | Origin::Random | Origin::Pid | Origin::Time => continue,
            };
            hit = hit.label(source.span, what);
        }
    } else {
        hit = hit.confidence(Confidence::Medium);
    }
    hit
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found, found, found_pedantic};

    const FRAME: &str = "use std::process::Command as Cmd; fn f(x: &str, ns: &str) { {} }";
    const RULE: &str = "shell-command";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"let mut c = std::process::Command::new("/bin/bash"); c.arg("-c"); c.arg(x);"#,
                r#"Cmd::new("sh").arg("-c").arg(format!("ip netns exec {ns} true")).status().unwrap();"#,
                r#"Cmd::new("sh").args(["-c", x]).spawn();"#,
                r#"Cmd::new("sh").args(&vec!["-c", x]).spawn();"#,
                r#"Cmd::new("sh").arg("-euxc").arg(x).spawn();"#,
                r#"Cmd::new("bash").args(["--norc", "-c", x]).spawn();"#,
                r#"run(&["sh", "-c", x]);"#,
                r#"run(vec!["sudo", "sh", "-c", x]);"#,
                r#"let mut argv = vec!["sh", "-c"]; argv.push(x); run(&argv);"#,
                r#"Cmd::new("ip").args(["netns", "exec", ns, "bash", "-c", x]).output();"#,
                r#"Cmd::new("sudo").arg("nsenter").arg("-n").arg("sh").arg("-lc").arg(x);"#,
                r#"Cmd::new("unshare").args(["-rn", "sh", "-c", x]);"#,
                r#"Cmd::new("timeout").args(["5", "dash", "-c", x]);"#,
                r#"Cmd::new("env").args(["-i", "zsh", "-c", x]);"#,
                r#"Cmd::new("ssh").args(["host", "sh", "-c", x]);"#,
                r#"Cmd::new("busybox").args(["sh", "-c", x]);"#,
                r#"Cmd::new("cmd").args(["/C", x]);"#,
                r#"Cmd::new("powershell").arg("-Command").arg(x);"#,
                r#"let shell = "sh"; let flag = "-c"; Cmd::new(shell).arg(flag).arg(x).output();"#,
                r#"tokio::process::Command::new("sh").arg("-c").arg(x).spawn();"#,
                r"subprocess::Exec::shell(x).join();",
                r"unsafe { libc::system(x) };",
                r#"duct::cmd!("sh", "-c", x).run();"#,
                r#"duct::cmd("sh", ["-c", x]).run();"#,
                r#"use xshell::cmd; cmd!(sh, "bash -c {x}").run();"#,
                r#"xshell::cmd!(sh, "sudo sh -c 'ip link del {x}'").run();"#,
                r"cmd_lib::run_cmd!(bash -c $x);",
                r#"use cmd_lib::run_fun; let out = run_fun!(echo hi; sh -c "ip link del ${x}");"#,
                r"run_script::run(x, &vec![], &options);",
                r"let mut channel = session.channel_session().unwrap(); channel.exec(x).unwrap();",
                r#"macro_rules! sh { ($line:expr) => { Cmd::new("sh").arg("-c").arg($line).status() } }"#,
                r#"check!(Cmd::new("sh").arg("-c").arg(x).status());"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"Cmd::new("clang").arg("-c").arg(x);"#,
                r#"Cmd::new("ping").args(["-c", x]);"#,
                r#"Cmd::new("iperf3").args(["-c", x]);"#,
                r#"Cmd::new("cargo").args(["-c", x]);"#,
                r#"Cmd::new("sh").arg(x);"#,
                r#"Cmd::new("ip").args(["netns", "exec", ns, "ping", "-c", "1", x]);"#,
                r"system(x);",
                r#"run(&["-c", x]);"#,
                r#"use xshell::cmd; cmd!(sh, "ping -c 1 {x}").run();"#,
                r"cmd_lib::run_cmd!(ping -c 1 $x);",
                r#"duct::cmd!("ping", "-c", x).run();"#,
                r"pool.exec(x);",
                r#"let shells = ["sh", "bash"]; assert!(shells.contains(&x));"#,
                r#"assert_eq!(x, "sh -c true");"#,
            ],
        );
        clean(RULE, r#"use clap::Command; fn f(x: &str) { Command::new("sh").arg("-c").arg(x); }"#);
    }

    #[test]
    fn a_helper_is_reported_once_with_its_callers() {
        let code = r#"
            fn sh(script: &str) { std::process::Command::new("sh").arg("-c").arg(script).status().unwrap(); }
            fn a(ns: &str) { sh(&format!("ip netns add {ns}")); }
        "#;
        let [finding] = &found(RULE, code)[..] else { panic!("one finding") };
        let labels: Vec<u32> = finding.labels.iter().map(|label| label.location.start.line).collect();
        assert_eq!((finding.location.start.line, labels), (2, vec![2, 3]));
    }

    #[test]
    fn constant_scripts_are_pedantic() {
        let code = r#"fn f() { std::process::Command::new("sh").args(["-c", "exit 1"]).status().unwrap(); }"#;
        clean(RULE, code);
        assert_eq!(found_pedantic(RULE, code).len(), 1);
    }
}
