//! # privileged-command
//!
//! Reports `sudo`, `su`, `doas`, `pkexec` and `run0`, in an argv and in the text of a shell, when they run on this machine; and
//! `ip netns exec` behind a program that the environment or a split text names.
//!
//! ## Why is this bad?
//! The test changes the machine as root: routes, rules, devices and processes of all users. It asks for a password, or
//! needs a rule without one, which every program of the user can then use.
//!
//! ## Bad
//! ```text
//! Command::new("sudo").args(["ip", "netns", "add", "test"]).status()?;
//! ```
//!
//! ## Good
//! ```text
//! #[netns_test]                       // netns-fixtures: own user and network namespaces, no root
//! fn answers(net: Pair) { … }
//! ```
//!
//! ## Limits
//! Commands for a guest or a container (`ssh`, `docker exec`) are not reported. `ip netns exec` alone is not either: it runs in
//! a test that has its own namespaces.
//!
//! ## References
//! CWE-250; user_namespaces(7).

use super::argv::{commands, is_said_here};
use crate::config::Config;
use crate::facts::{FileFacts, Sink, SinkKind};
use crate::finding::Confidence;
use crate::rule::Hit;
use crate::shell::unwrapped;
use crate::span::Span;
use crate::tables;
use crate::value::Value;

const HELP: &str =
    "do it in namespaces of the test's own, where it needs no privileges: `#[netns_test]` of netns-fixtures";

/// Returns the location of a configurable root helper: a program from a split text, or from outside, in front of `ip
/// netns exec`, which needs privileges.
fn behind_a_helper(sink: &Sink) -> Option<Span> {
    let helper = sink.values.first().filter(|_| sink.kind == SinkKind::Command)?;
    let chosen = helper.constant().is_none() && (helper.split.is_some() || !helper.sources.is_empty());
    let is = |value: &Value, word: &str| value.constant().is_some_and(|text| tables::program_name(&text) == word);
    let entered =
        sink.values.windows(3).find(|words| is(&words[0], "ip") && is(&words[1], "netns") && is(&words[2], "exec"))?;
    chosen.then_some(entered[0].span)
}

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    for sink in &facts.sinks {
        if let Some(place) = behind_a_helper(sink) {
            let message = "`ip netns exec` runs behind a helper that is chosen elsewhere, with its privileges";
            hits.push(
                Hit::new(sink.function, place, message, HELP)
                    .confidence(Confidence::Medium)
                    .label(sink.span, "in this command"),
            );
            continue;
        }
        for words in commands(sink, config) {
            let Some(first) = words.first() else { continue };
            let (wrappers, rest) = unwrapped(&words);
            let mut names = wrappers.iter().copied().chain([tables::program_name(first)]);
            let Some(gate) = names.find(|name| tables::PRIVILEGE.contains(name)) else { continue };
            if !is_said_here(sink, gate) {
                continue;
            }
            let what = rest.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(" ");
            let what = what.replace("{}", "…");
            let what = if what.is_empty() { "a command".to_owned() } else { format!("`{what}`") };
            let message = format!("`{gate}` runs {what} with privileges on this machine");
            hits.push(Hit::new(sink.function, sink.span, message, HELP));
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found};

    const FRAME: &str = "use std::process::Command; fn f(x: &str, ns: &str) { {} }";
    const RULE: &str = "privileged-command";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"Command::new("sudo").args(["ip", "netns", "add", x]).status().unwrap();"#,
                r#"Command::new("/usr/bin/sudo").arg("-n").arg(x).status().unwrap();"#,
                r#"let mut c = Command::new("sudo"); c.arg("true"); c.status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "sudo ip link del dev0"]).status().unwrap();"#,
                r#"Command::new("bash").arg("-c").arg(format!("set -e; sudo ip link del {x}")).status().unwrap();"#,
                r#"Command::new("env").args(["A=1", "sudo", "true"]).status().unwrap();"#,
                r#"Command::new("timeout").args(["5", "sudo", "true"]).status().unwrap();"#,
                r#"Command::new("doas").arg("true").status().unwrap();"#,
                r#"Command::new("pkexec").arg("true").status().unwrap();"#,
                r#"Command::new("su").args(["-c", "true"]).status().unwrap();"#,
                r#"run(&["sudo", "ip", "link"]);"#,
                r#"let program = "sudo"; Command::new(program).arg("true").status().unwrap();"#,
                r#"subprocess::Exec::shell("sudo true").join().unwrap();"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"Command::new("ip").args(["link"]).status().unwrap();"#,
                r#"Command::new("ssh").args([x, "sudo", "reboot"]).status().unwrap();"#,
                r#"Command::new("docker").args(["exec", x, "sudo", "true"]).status().unwrap();"#,
                r#"Command::new("podman").args(["exec", x, "su", "-c", "true"]).status().unwrap();"#,
                r#"Command::new("which").arg("sudo").status().unwrap();"#,
                r#"Command::new("echo").arg("sudo true").status().unwrap();"#,
                r#"assert_eq!(x, "sudo");"#,
                r#"guest.run("sudo reboot");"#,
                r#"Command::new("cat").arg("/etc/sudoers").status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "echo pseudo"]).status().unwrap();"#,
                r#"Command::new("unshare").args(["-rn", "true"]).status().unwrap();"#,
                r#"let text = format!("sudo {x}");"#,
            ],
        );
    }
}
