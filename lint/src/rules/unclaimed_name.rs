//! # unclaimed-name
//!
//! Reports names that other processes see (network namespaces, devices, shared memory, sockets, containers) and that are fixed,
//! made of a process id, a time or a random number, or too long.
//!
//! ## Why is this bad?
//! Two runs, or two tests of one run, use the same name: one of them fails, or works on an object of the other. A
//! random number makes that rare and hard to repeat, but not impossible: with four hexadecimal digits, one run in a
//! thousand collides once 12 names exist. A device's name has at most 15 bytes; a longer name is refused or cut.
//!
//! ## Bad
//! ```text
//! NetworkNamespace::add("test_ns".to_owned()).await?;
//! Command::new("ip").args(["link", "add", &format!("tap{}", std::process::id()), "type", "bridge"]).status()?;
//! ```
//!
//! ## Good
//! ```text
//! #[netns_test] fn forwards(net: Routed) { … }                    // netns-fixtures: namespaces without names
//! let (name, tap) = IfName::generated("tap")?.claim(|name| create(name))?;   // a name that is created exclusively
//! ```
//!
//! ## Limits
//! Names of containers, networks and volumes count in the arguments of docker and podman and in the builders of their client
//! libraries. Whether a name is claimed by creating it exclusively is only known for a whole UUID; devices in a namespace that
//! the test has made are not reported.
//!
//! ## References
//! CWE-377; netdevice(7), IFNAMSIZ.

use super::argv::commands;
use crate::config::Config;
use crate::facts::{FileFacts, Sink, SinkKind};
use crate::finding::Confidence;
use crate::flow::Flow;
use crate::rule::Hit;
use crate::shell::unwrapped;
use crate::span::Span;
use crate::tables;
use crate::value::{Origin, Value};

/// The maximum length of a device name in bytes (IFNAMSIZ without the final zero).
const DEVICE_NAME_BYTES: usize = 15;

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let mut flow = None;
    for sink in facts.sinks.iter().filter(|sink| !facts.functions[sink.function].isolated) {
        for (value, what) in names_of(sink, config) {
            let Some(reason) = hazard(&value, what) else { continue };
            if value.constant().is_none() && is_exclusive(facts, sink) {
                continue;
            }
            // Devices and abstract sockets belong to the network namespace that the path has entered.
            let is_abstract = || value.prefix().starts_with('\0');
            let is_confined = what == What::Device
                && value.constant().is_some_and(|name| name.len() <= DEVICE_NAME_BYTES)
                || what == What::Socket && is_abstract();
            if is_confined && flow.get_or_insert_with(|| Flow::new(facts)).is_sink_inside(sink) {
                continue;
            }
            let message = format!("the {} `{}` {reason}", what.noun(), value.shown().escape_debug());
            // A function that builds the name from its own text and its arguments has its own finding.
            if sink.through.is_some() && value.span == sink.span && value.constant().is_none() {
                continue;
            }
            // Report the expression that builds the name.
            let place = if value.span == Span::default() { sink.span } else { value.span };
            let hit = Hit::new(sink.function, place, message, what.help()).confidence(Confidence::Medium);
            hits.push(if place == sink.span { hit } else { hit.label(sink.span, format!("here, by `{}`", sink.by)) });
        }
    }
}

/// Whether the call fails if the name exists.
fn is_exclusive(facts: &FileFacts, sink: &Sink) -> bool {
    let excludes = |value: &Value| value.path.as_ref().is_some_and(|path| path.contains("O_EXCL"));
    sink.call.is_some_and(|call| facts.calls[call].arguments.iter().any(excludes))
}

/// The kind of object that a name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Namespace,
    Device,
    SharedMemory,
    Socket,
    Container,
}

impl What {
    fn noun(self) -> &'static str {
        match self {
            Self::Namespace => "network namespace",
            Self::Device => "network device",
            Self::SharedMemory => "shared memory object",
            Self::Socket => "socket path",
            Self::Container => "object of the container engine",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Namespace => {
                "use a namespace without a name: a `#[netns_test]` of netns-fixtures runs in one, which ends with the test"
            }
            Self::Device => {
                "make it in a namespace of the test's own (`#[netns_test]`), or claim a name with `IfName::generated(…)?.claim(…)`"
            }
            Self::SharedMemory => "use `memfd_create`, which has no name, or create it exclusively (O_EXCL)",
            Self::Container => {
                "let the engine choose the name and ask for it, or put a whole UUID into it; testcontainers does so"
            }
            Self::Socket => {
                "put it into a `tempfile::tempdir()`; bind an abstract socket without a name, the kernel chooses a free one"
            }
        }
    }
}

/// Returns the names that a sink assigns.
fn names_of(sink: &Sink, config: &Config) -> Vec<(Value, What)> {
    let single = |what| sink.values.first().map(|value| vec![(value.clone(), what)]).unwrap_or_default();
    match sink.kind {
        SinkKind::NamespaceName => single(What::Namespace),
        SinkKind::DeviceName => single(What::Device),
        SinkKind::SharedMemoryName => single(What::SharedMemory),
        SinkKind::ContainerName => {
            let named = |value: &Value| value.field("name").unwrap_or(value).clone();
            sink.values.iter().map(|value| (named(value), What::Container)).collect()
        }
        SinkKind::SocketPath => single(What::Socket),
        SinkKind::Bind if sink.values.first().is_some_and(|value| value.prefix().starts_with('\0')) => {
            single(What::Socket)
        }
        SinkKind::Command | SinkKind::ShellString => {
            let of_engine = created_in_engine(sink).map(|name| (name, What::Container));
            commands(sink, config).iter().flat_map(|words| created(words, sink)).chain(of_engine).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the names that a command line creates; ignores `ip` inside a namespace.
fn created(words: &[String], sink: &Sink) -> Vec<(Value, What)> {
    let (wrappers, rest) = unwrapped(words);
    let inside = wrappers.iter().any(|wrapper| ["ip", "nsenter", "unshare"].contains(wrapper));
    let Some(program) = rest.first() else { return Vec::new() };
    let operands: Vec<&str> =
        rest[1..].iter().map(String::as_str).skip_while(|word| word.starts_with('-') && *word != "-n").collect();
    let mut named = Vec::new();
    match (tables::program_name(program), operands.as_slice()) {
        ("ip", ["netns", "add", name, ..]) => named.push((*name, What::Namespace)),
        ("ip", ["link" | "l", "add" | "a", rest @ ..] | ["tuntap", "add", rest @ ..]) if !inside => {
            named.extend(name_of_link(rest).map(|name| (name, What::Device)));
            let peer = rest.iter().skip_while(|word| **word != "peer").skip(1).find(|word| **word != "name");
            named.extend(peer.map(|peer| (*peer, What::Device)));
        }
        ("brctl", ["addbr", name, ..])
        | ("ovs-vsctl", ["add-br", name, ..] | ["add-port", _, name, ..])
        | ("tunctl", ["-t", name, ..])
            if !inside =>
        {
            named.push((*name, What::Device));
        }
        _ => {}
    }
    // A word of the command line itself has the location of its value; a word of a script is located by its text.
    let at = |name: &str| words.iter().position(|word| std::ptr::eq(word.as_str(), name));
    let itself =
        |name: &str| at(name).and_then(|at| sink.values.get(at)).filter(|value| value.shown() == name).cloned();
    named.into_iter().filter_map(|(name, what)| Some((itself(name).or_else(|| value_of(name, sink))?, what))).collect()
}

/// Returns the name of what `docker run --name x`, `podman network create x` and the like create.
fn created_in_engine(sink: &Sink) -> Option<Value> {
    let words: Vec<String> = sink.values.iter().map(Value::shown).collect();
    let is = |word: &String, programs: &[&str]| programs.contains(&tables::program_name(word));
    let at = words.iter().position(|word| !is(word, tables::PRIVILEGE))?;
    let operands: Vec<&str> = words[at + 1..].iter().map(String::as_str).collect();
    let name = match operands.as_slice() {
        _ if !is(&words[at], tables::CONTAINER_ENGINES) => None,
        // The word after an option may be its value.
        ["network" | "volume", "create", before @ .., name] => {
            let is_free = before.last().is_none_or(|word| !word.starts_with('-') || word.contains('='));
            Some(*name).filter(|name| is_free && !name.starts_with('-'))
        }
        ["run" | "create", rest @ ..] | ["container", "run" | "create", rest @ ..] => {
            // Two words without a dash are the image and its program, whose options follow.
            let image = rest.windows(2).position(|pair| pair.iter().all(|word| !word.starts_with('-')));
            let options = &rest[..image.map_or(rest.len(), |at| at + 1)];
            let after = options.iter().position(|word| *word == "--name").and_then(|at| rest.get(at + 1)).copied();
            after.or_else(|| options.iter().find_map(|word| word.strip_prefix("--name=")))
        }
        _ => None,
    };
    value_of(name?, sink)
}

/// Returns the name after `ip link add` (ip-link(8)): after `name` or `dev`, or the first word that is not a keyword.
fn name_of_link<'w>(words: &[&'w str]) -> Option<&'w str> {
    let mut rest = words;
    loop {
        rest = match rest {
            [
                "link" | "mode" | "user" | "group" | "txqueuelen" | "address" | "broadcast" | "mtu" | "index",
                _,
                after @ ..,
            ] => after,
            ["type", ..] | [] => return None,
            ["name" | "dev", name, ..] | [name, ..] => return Some(name),
        };
    }
}

/// Returns the value of the word `name` of a command line.
fn value_of(name: &str, sink: &Sink) -> Option<Value> {
    // If the word is a value of its own, return the value; otherwise only the word is known.
    let whole = sink.values.iter().find(|value| value.shown() == name).cloned();
    let origin = sink.values.iter().find(|value| value.shown().contains(name));
    whole.or_else(|| {
        let mut value = Value::text(sink.span, name);
        if name.contains("{}") {
            value = Value { pieces: vec![crate::value::Piece::Hole], ..value };
            value.taint_from(origin?);
        }
        Some(value)
    })
}

/// Returns the hazard of a name, if there is one.
fn hazard(value: &Value, what: What) -> Option<String> {
    let constant = value.constant();
    let known: usize =
        value.pieces.iter().map(|piece| if let crate::value::Piece::Text(text) = piece { text.len() } else { 0 }).sum();
    if what == What::Device && known > DEVICE_NAME_BYTES {
        return Some(format!("is longer than the {DEVICE_NAME_BYTES} bytes that the kernel keeps"));
    }
    if let Some(name) = constant {
        // The kernel replaces it by the first free number (netdevice(7) omits this; see `dev_alloc_name`).
        if what == What::Device && name.contains("%d") {
            return None;
        }
        // `temp-path` reports fixed paths in shared directories; elsewhere, the test chose the directory. The kernel
        // chooses a free name for an unnamed socket (unix(7), autobind).
        let fixed = what != What::Socket || !(name.contains('/') || name.is_empty());
        return fixed.then(|| "is fixed: a second run, or another test, has the same".to_owned());
    }
    // `temp-path` also reports guessable paths there.
    if what == What::Socket && tables::SHARED_FOLDERS.iter().any(|folder| value.prefix().starts_with(folder)) {
        return None;
    }
    let source = value.sources.iter().find(|source| {
        matches!(source.origin, Origin::Random | Origin::Pid | Origin::Time)
            && source.name.as_deref() != Some(tables::UUID)
    })?;
    Some(
        match source.origin {
            Origin::Pid => "is made of a process id, which is used again, and nothing claims it",
            Origin::Time => "is made of a time, and nothing claims it",
            _ => "is random, and nothing claims it before it is used",
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found, found};

    const FRAME: &str = "use std::{process, process::Command}; const NS: &str = \"test_ns\"; fn f(x: &str) { {} }";
    const RULE: &str = "unclaimed-name";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"NetworkNamespace::add("test_ns".to_string());"#,
                "NetworkNamespace::add(NS.to_owned());",
                r"fn make(name: &str) { NetworkNamespace::add(name.to_string()); } make(NS);",
                r#"Command::new("ip").args(["netns", "add", "test_ns"]).status().unwrap();"#,
                r#"Command::new("sudo").args(["ip", "netns", "add", NS]).status().unwrap();"#,
                r#"Command::new("ip").args(["netns", "add", &format!("test-{}", process::id())]).status().unwrap();"#,
                r#"Command::new("ip").args(["netns", "add", &format!("t-{:04x}", rand::random::<u16>())]).status().unwrap();"#,
                r#"Command::new("ip").args(["link", "add", "tap-test", "type", "bridge"]).status().unwrap();"#,
                r#"Command::new("ip").args(["link", "add", "name", "br0", "type", "bridge"]).status().unwrap();"#,
                r#"Command::new("ip").args(["tuntap", "add", "dev", "tap0", "mode", "tap"]).status().unwrap();"#,
                r#"Command::new("brctl").args(["addbr", "br-test"]).status().unwrap();"#,
                r#"Command::new("ip").args(["link", "add", x, "type", "veth", "peer", "name", "veth-test"]).status().unwrap();"#,
                r#"Command::new("ovs-vsctl").args(["add-br", "br-test"]).status().unwrap();"#,
                r#"Command::new("ovs-vsctl").args(["--may-exist", "add-port", x, "patch-a"]).status().unwrap();"#,
                r#"UnixListener::bind_addr(&SocketAddr::from_abstract_name("test").unwrap()).unwrap();"#,
                r#"Command::new("sh").args(["-c", "ip netns add blue && true"]).status().unwrap();"#,
                r#"Command::new("sh").arg("-c").arg(format!("ip netns add t{}", process::id())).status().unwrap();"#,
                r#"let ns = format!("t{}", std::time::SystemTime::now().elapsed_nanos()); NetNs::new(ns);"#,
                r#"LinkDummy::new("dummy_with_a_long_name");"#,
                r#"UnixListener::bind("test.sock").unwrap();"#,
                r#"Command::new("docker").args(["network", "create", "test"]).status().unwrap();"#,
                r#"Command::new("sudo").args(["podman", "run", "-d", "--name=broker", "image"]).status().unwrap();"#,
                r#"GenericImage::new("redis").with_container_name("redis-test");"#,
                r#"let opts = podman_api::opts::NetworkCreateOpts::builder().name("test-net").build();"#,
                r#"nix::sys::mman::shm_open("/test", flags, mode).unwrap();"#,
                r#"let id = uuid::Uuid::new_v4().to_string(); LinkDummy::new(&format!("t{}", &id[..8]));"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"Command::new("ip").args(["netns", "add", x]).status().unwrap();"#,
                r#"Command::new("ip").args(["netns", "list"]).status().unwrap();"#,
                r#"Command::new("ip").args(["netns", "del", "test_ns"]).status().unwrap();"#,
                r#"Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();"#,
                r#"Command::new("ip").args(["netns", "exec", x, "ip", "link", "add", "veth0", "type", "veth"]).status().unwrap();"#,
                r#"Command::new("ip").args(["-n", x, "link", "add", "veth0", "type", "veth"]).status().unwrap();"#,
                r#"let name = format!("t-{}", uuid::Uuid::new_v4()); NetNs::new(name);"#,
                r#"let dir = tempfile::tempdir().unwrap(); UnixListener::bind(dir.path().join("x.sock")).unwrap();"#,
                r#"UnixListener::bind("").unwrap();"#,
                r#"Command::new("ip").args(["link", "add", x, "type", "veth", "peer", "name", x]).status().unwrap();"#,
                r#"UnixListener::bind("/run/user/1000/x.sock").unwrap();"#,
                r#"nix::sched::unshare(flags).unwrap(); LinkDummy::new("dummy0");"#,
                r#"assert_eq!(NS, "test_ns");"#,
                r#"Command::new("docker").args(["network", "rm", "test"]).status().unwrap();"#,
                r#"Command::new("docker").args(["run", "--rm", "image"]).status().unwrap();"#,
                r#"GenericImage::new("redis").with_container_name(format!("redis-{}", uuid::Uuid::new_v4()));"#,
            ],
        );
        clean(RULE, r#"#[netns_test] fn f() { LinkDummy::new("dummy0"); }"#);
    }

    #[test]
    fn the_place_is_where_the_name_stands() {
        let code = "const NS: &str =\n \"test_ns\";\nfn f() {\n NetworkNamespace::add(NS.to_owned());\n}";
        let findings = found(RULE, code);
        assert_eq!((findings[0].location.start.line, findings[0].labels[0].location.start.line), (2, 4));
    }
}
