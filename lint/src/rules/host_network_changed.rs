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
//! thread that has entered one), nor are commands in a guest or a container. Of other crates, a table has the functions
//! that change the network (rtnetlink, iptables, route_manager and others). A call of a function of the run counts if every
//! path of the function that returns runs such a command, directly or in the script of a shell, or if the function opens
//! `/dev/net/tun` for writing.
//!
//! ## References
//! ip(8), tc(8), nft(8), sysctl(8); network_namespaces(7). Suites that changed the host: nftables-rs/nftables-rs#18,
//! moby/moby#53434, esrlabs/northstar#585.

use super::address::Networks;
use super::argv::is_said_here;
use crate::config::Config;
use crate::facts::{Call, FileFacts, Place, Sink, SinkKind};
use crate::ir::DeedKind;
use crate::rule::Hit;
use crate::shell::{beginning_of, network_change, unwrapped};
use crate::tables::{self, Receiver};
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
        if let Some((library, changed)) = changed_by_library(facts, call).filter(|_| !networks.is_own_call(id)) {
            let message = format!("`{}` of {library} changes {changed}", call.name);
            hits.push(Hit::new(call.function, call.span, message, HELP));
            continue;
        }
        let deeds = call.effects.iter().flat_map(|effects| &effects.deeds);
        let Some(what) = deeds.clone().find_map(|deed| change_by(&deed.kind)) else { continue };
        if networks.is_own_call(id) {
            continue;
        }
        let places = deeds.filter(|deed| change_by(&deed.kind).is_some()).map(|deed| deed.place);
        let behind: Vec<Place> = places.map(|(file, span)| Place { file, span }).collect();
        let message = format!("`{}` {what}", call.name);
        hits.push(Hit::new(call.function, call.span, message, HELP).behind(&behind));
    }
}

/// Returns the crate of a call that is known to change the network, and the thing that it changes.
fn changed_by_library(facts: &FileFacts, call: &Call) -> Option<(&'static str, &'static str)> {
    if call.is_of_known_function() {
        return None;
    }
    let Some(receiver) = &call.receiver else {
        let is_it = |known: &(&'static str, &'static str)| {
            call.path == known.1 || facts.globs.contains(known.0) && tables::ends_with(known.1, &call.path)
        };
        let all = tables::NETWORK_FUNCTIONS.iter().filter_map(|path| Some((path.split_once("::")?.0, *path)));
        return all.filter(|_| !call.path.is_empty()).find(is_it).map(|(library, _)| (library, tables::MACHINE));
    };
    let made_by = receiver.call.map_or("", |made| facts.calls[made].name.as_str());
    let is_it = |known: &&tables::NetworkMethods| known.methods.contains(&call.name.as_str());
    tables::NETWORK_METHODS.iter().filter(is_it).find_map(|known| {
        let is_of = |library: &&&str| match known.receiver {
            Receiver::Object => facts.is_object_of(receiver, &[library]),
            Receiver::Builder => facts.comes_from(receiver, &[library]),
            Receiver::Of(methods) => methods.contains(&made_by) && facts.comes_from(receiver, &[library]),
        };
        Some((*known.crates.iter().find(is_of)?, known.changed))
    })
}

/// Returns how a function changes the network of the machine.
fn change_by(deed: &DeedKind) -> Option<String> {
    match deed {
        DeedKind::MakesDevice => Some("opens `/dev/net/tun`, which makes network devices of this machine".to_owned()),
        DeedKind::ChangesNetwork(command) => {
            Some(format!("runs `{command}`, which changes the network of this machine"))
        }
        DeedKind::Contacts(_) | DeedKind::Waits { .. } => None,
    }
}

/// Returns the change that a sink makes, and the word that shows it.
fn changed(sink: &Sink, config: &Config) -> Option<(String, String)> {
    if matches!(sink.kind, SinkKind::Created | SinkKind::Written) {
        let path = sink.values.first()?.shown();
        return tables::is_network_setting(&path).then(|| (writing_to(&path), path));
    }
    let in_container = of_container(sink);
    if in_container.is_some() {
        return in_container;
    }
    let change = network_change(sink, &config.tables)?;
    let what = if change.is_write { writing_to(&change.word) } else { format!("`{}`", change.shown) };
    Some((what, change.word))
}

fn writing_to(path: &str) -> String {
    format!("writing to `{}`", path.replace("{}", "…"))
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
        tables::changes_network(program, &operands[at + 1..])
    };
    let program = (0..operands.len()).rev().find(changes)?;
    let shown = beginning_of(tables::program_name(&operands[program]), &operands[program + 1..]);
    Some((format!("`{shown}` in a container with the network of the machine"), operands.last()?.clone()))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found};

    #[test]
    fn libraries() {
        let frame = "use rtnetlink::{Handle, new_connection}; use route_manager::RouteManager; async fn f(h: &Handle, m: M) { {} }";
        each_found(
            RULE,
            frame,
            &[
                r"h.link().add(m).execute().await.unwrap();",
                r"let (connection, handle, _) = new_connection().unwrap(); handle.route().del(m).execute().await.unwrap();",
                r"let mut manager = RouteManager::new().unwrap(); manager.add(&m).unwrap();",
                r#"let ipt = iptables::new(false).unwrap(); ipt.append("filter", "INPUT", "-j DROP").unwrap();"#,
                r"nftables::helper::apply_ruleset(&m).unwrap();",
                r"let gateway = igd::search_gateway(Default::default()).unwrap(); gateway.remove_port(m, 1234).unwrap();",
                r#"let tun = tokio_tun::Tun::builder().name("").build().unwrap();"#,
                r"let mut batch = rustables::Batch::new(); batch.send().unwrap();",
                r"h.link().property_add(1).execute().await.unwrap();",
                r"nftables::helper::apply_ruleset_raw(&m, None, []).unwrap();",
                r#"let tun = tappers::Tun::new_named("t0").unwrap();"#,
            ],
        );
        each_found(
            RULE,
            "use nftables::helper::*; fn f(m: M) { {} }",
            &["apply_ruleset(&m).unwrap();", "apply_ruleset_with_args(&m, None, []).unwrap();"],
        );
        clean(RULE, "use nftables::helper::*; fn apply_ruleset(m: &M) {} fn f(m: M) { apply_ruleset(&m); }");
        clean(RULE, "use other::helper::*; fn f(m: M) { apply_ruleset(&m); }");
        each_clean(
            RULE,
            frame,
            &[
                r"h.link().get().execute().try_next().await.unwrap();",
                r"let mut manager = RouteManager::new().unwrap(); manager.list().unwrap();",
                r"let mut all = Vec::new(); all.append(&mut m); all.insert(0, 1); m.add(&all); m.link().add(1);",
                r#"let ipt = iptables::new(false).unwrap(); ipt.list("filter", "INPUT").unwrap();"#,
                r#"let ipt = iptables::new(false).unwrap(); let mut rules = ipt.list("filter", "INPUT").unwrap(); rules.insert(0, m); rules.append(&mut m.all);"#,
                r"let ns = nix::sched::unshare(CloneFlags::CLONE_NEWNET).unwrap(); h.link().add(m).execute().await.unwrap();",
            ],
        );
    }

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
