//! # host-network-changed
//!
//! Reports commands and writes that change the network of the machine: devices, addresses, routes, filter rules, traffic
//! control and the settings below `/proc/sys/net`.
//!
//! ## Why is this bad?
//! The new route, rule or setting affects everybody on the machine, and stays if the test fails before it restores the
//! old one. Two runs undo each other's changes. The change needs root, and a mistake cuts the machine off.
//!
//! ## Bad
//! ```text
//! Command::new("ip").args(["link", "add", "br0", "type", "bridge"]).status()?;
//! Command::new("iptables").args(["-A", "INPUT", "-j", "DROP"]).status()?;
//! fs::write("/proc/sys/net/ipv4/ip_forward", "1")?;
//! ```
//!
//! ## Good
//! ```text
//! #[netns_test] fn forwards(net: Routed) { … }                       // netns-fixtures: a network of the test's own
//! Command::new("ip").args(["-n", ns, "link", "set", "lo", "up"]).status()?;   // inside of a namespace
//! Command::new("ip").args(["route", "show"]).status()?;               // changes nothing
//! ```
//!
//! ## Limits
//! Commands inside of a network namespace are not reported (`ip netns exec`, `ip -n`, `nsenter --net`, `unshare -n`, a
//! thread that has entered one), nor are commands in a guest or a container. `literal-address` and `unclaimed-name`
//! report changes by netlink. A function of the run that opens `/dev/net/tun` for writing on every path that returns counts
//! where it is called.
//!
//! ## References
//! ip(8), tc(8), nft(8), sysctl(8); network_namespaces(7). Suites that changed the host: nftables-rs/nftables-rs#18,
//! moby/moby#53434, esrlabs/northstar#585.

use super::address::Networks;
use super::argv::{is_confined, is_said_here, simple_commands_of, unwrapped};
use crate::config::Config;
use crate::facts::{FileFacts, Place, Sink, SinkKind};
use crate::ir::DeedKind;
use crate::rule::Hit;
use crate::tables;
use crate::value::Value;

const HELP: &str = "do it in a network namespace of the test: a `#[netns_test]` of netns-fixtures has devices and routes of its own; \
                    by hand, `unshare -rn` around the test or `ip -n NAMESPACE`";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let networks = Networks::new(facts);
    let mut reported = None;
    for sink in &facts.sinks {
        let Some((what, word)) = changed(sink, config) else { continue };
        // Creating a file and writing to it is one change.
        if !is_said_here(sink, &word) || networks.is_own(sink) || reported == Some(sink.span) {
            continue;
        }
        reported = Some(sink.span);
        hits.push(Hit::new(sink.function, sink.span, format!("{what} changes the network of this machine"), HELP));
    }
    for (id, call) in facts.calls.iter().enumerate() {
        let deeds = call.effects.iter().flat_map(|effects| &effects.deeds);
        let mut behind = deeds.filter(|deed| deed.kind == DeedKind::MakesDevice).map(|deed| deed.place).peekable();
        if behind.peek().is_none() || networks.is_own_call(id) {
            continue;
        }
        let behind: Vec<Place> = behind.map(|(file, span)| Place { file, span }).collect();
        let message = format!("`{}` opens `/dev/net/tun`, which makes network devices of this machine", call.name);
        hits.push(Hit::new(call.function, call.span, message, HELP).behind(&behind));
    }
}

/// Returns the change that a sink makes, and the word that shows it.
fn changed(sink: &Sink, config: &Config) -> Option<(String, String)> {
    if matches!(sink.kind, SinkKind::Created | SinkKind::Written) {
        let path = sink.values.first()?.shown();
        return is_setting(&path).then(|| (format!("writing to `{}`", path.replace("{}", "…")), path));
    }
    let in_container = of_container(sink);
    if in_container.is_some() {
        return in_container;
    }
    let commands = simple_commands_of(sink, config);
    // The whole script of a shell that starts in a namespace runs there.
    if commands.first().is_some_and(|command| is_confined(&command.words)) {
        return None;
    }
    commands.iter().filter(|command| !is_confined(&command.words)).find_map(|command| {
        if let Some(path) = command.outputs.iter().find(|path| is_setting(path)) {
            return Some((format!("writing to `{}`", path.replace("{}", "…")), path.clone()));
        }
        let words = &command.words;
        let (program, operands) = unwrapped(words).1.split_first()?;
        let program = tables::program_name(program);
        let changes = |(known, change): &&(&str, tables::Change)| *known == program && change.is_in(operands);
        tables::NETWORK_CHANGES.iter().find(changes)?;
        let shown = operands.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ").replace("{}", "…");
        // A helper that runs `ip` with arguments of its caller is reported at the caller.
        let word = operands.last().map_or_else(|| program.to_owned(), Clone::clone);
        Some((format!("`{program} {shown}`"), word))
    })
}

/// Whether the path is one of the settings of the network.
fn is_setting(path: &str) -> bool {
    tables::NETWORK_SETTINGS.iter().any(|folder| path.starts_with(folder))
}

/// Returns the change that a container makes if it has the network of the machine and the right to change it, and the word that
/// shows it.
fn of_container(sink: &Sink) -> Option<(String, String)> {
    let words: Vec<String> = sink.values.iter().filter(|_| sink.kind == SinkKind::Command).map(Value::shown).collect();
    let (engine, operands) = unwrapped(&words).1.split_first()?;
    if !tables::CONTAINER_ENGINES.contains(&tables::program_name(engine)) || !operands.iter().any(|word| word == "run")
    {
        return None;
    }
    let has = |option: &str, value: &str| {
        let joined = format!("{option}={value}");
        operands.contains(&joined) || operands.windows(2).any(|pair| pair[0] == option && pair[1] == value)
    };
    let may_change = operands.iter().any(|word| word == "--privileged")
        || ["NET_ADMIN", "ALL", "all"].iter().any(|right| has("--cap-add", right));
    if !may_change || !has("--net", "host") && !has("--network", "host") {
        return None;
    }
    let changes = |at: &usize| {
        let program = tables::program_name(&operands[*at]);
        let is_change =
            |(known, change): &(&str, tables::Change)| *known == program && change.is_in(&operands[at + 1..]);
        tables::NETWORK_CHANGES.iter().any(is_change)
    };
    let program = (0..operands.len()).rev().find(changes)?;
    let shown = operands[program..].iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(" ");
    Some((format!("`{shown}` in a container with the network of the machine"), operands.last()?.clone()))
}

/// The number of operands in the message.
const SHOWN: usize = 4;

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found};

    const FRAME: &str = "use std::process::Command; fn f(ns: &str, dev: &str) { {} }";
    const RULE: &str = "host-network-changed";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"Command::new("ip").args(["link", "add", "br0", "type", "bridge"]).status().unwrap();"#,
                r#"Command::new("/sbin/ip").args(["link", "set", dev, "up"]).status().unwrap();"#,
                r#"Command::new("ip").args(["-6", "route", "add", "default", "dev", dev]).status().unwrap();"#,
                r#"Command::new("sudo").args(["iptables", "-A", "INPUT", "-j", "DROP"]).status().unwrap();"#,
                r#"Command::new("nft").args(["-f", "rules.nft"]).status().unwrap();"#,
                r#"Command::new("nft").args(["add", "table", "inet", "t"]).status().unwrap();"#,
                r#"Command::new("sysctl").args(["-w", "net.ipv4.ip_forward=1"]).status().unwrap();"#,
                r#"Command::new("sysctl").arg("net.ipv4.ip_forward=1").status().unwrap();"#,
                r#"Command::new("tc").args(["qdisc", "add", "dev", dev, "root", "netem", "delay", "10ms"]).status().unwrap();"#,
                r#"Command::new("brctl").args(["addbr", "br0"]).status().unwrap();"#,
                r#"Command::new("firewall-cmd").arg("--add-port=80/tcp").status().unwrap();"#,
                r#"Command::new("ifconfig").args([dev, "up"]).status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "ip link set lo mtu 1500 && true"]).status().unwrap();"#,
                r#"fn ip(args: &[&str]) { Command::new("ip").args(args).status().unwrap(); } ip(&["addr", "flush", "dev", "eth0"]);"#,
                r#"std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap();"#,
                r#"std::fs::write(format!("/sys/class/net/{dev}/mtu"), "1400").unwrap();"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"Command::new("ip").args(["link", "show"]).status().unwrap();"#,
                r#"Command::new("ip").args(["route", "get", "192.0.2.1"]).status().unwrap();"#,
                r#"Command::new("ip").args(["netns", "exec", ns, "ip", "link", "set", "lo", "up"]).status().unwrap();"#,
                r#"Command::new("ip").args(["-n", ns, "addr", "add", "192.0.2.1/24", "dev", dev]).status().unwrap();"#,
                r#"Command::new("nsenter").args(["--net=/run/netns/x", "ip", "link", "set", "lo", "up"]).status().unwrap();"#,
                r#"Command::new("unshare").args(["-rn", "sh", "-c", "ip link set lo up; server"]).status().unwrap();"#,
                r#"Command::new("iptables").args(["-L", "-n"]).status().unwrap();"#,
                r#"Command::new("nft").args(["list", "ruleset"]).status().unwrap();"#,
                r#"Command::new("sysctl").args(["-n", "net.ipv4.ip_forward"]).status().unwrap();"#,
                r#"Command::new("tc").args(["-s", "qdisc", "show"]).status().unwrap();"#,
                r#"Command::new("docker").args(["exec", ns, "ip", "link", "set", "eth0", "down"]).status().unwrap();"#,
                r#"Command::new("ifconfig").arg("-a").status().unwrap();"#,
                r#"Command::new("echo").args(["ip", "link", "add", "x"]).status().unwrap();"#,
                r#"std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();"#,
                r#"std::fs::write("/proc/self/oom_score_adj", "1000").unwrap();"#,
            ],
        );
        clean(
            RULE,
            r#"#[netns_test] fn f() { std::process::Command::new("ip").args(["link", "add", "br0", "type", "bridge"]).status().unwrap(); }"#,
        );
        clean(
            RULE,
            r#"use std::process::Command; fn f() { nix::sched::unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).unwrap(); Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap(); }"#,
        );
    }
}
