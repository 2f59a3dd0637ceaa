//! Helpers of functional tests, as a module that was reviewed has them: its structure in Rust, with its defects.
//!
//! `//# n` is the place that the review marked as its n-th. tests/corpus/review/net_helpers_on_fixtures.rs is the same on
//! netns-fixtures.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::seq::IndexedRandom;

/// Seconds until a line of output must be there.
static READ_TIMEOUT: LazyLock<u64> =
    LazyLock::new(|| std::env::var("TEST_READ_TIMEOUT").map_or(5, |text| text.parse().unwrap())); //# 1 //~ unbounded-env-duration
/// Seconds until the child of the root helper must run.
static CHILD_PROCESS_TIMEOUT: LazyLock<u64> =
    LazyLock::new(|| std::env::var("TEST_CHILD_PROCESS_TIMEOUT").map_or(20, |text| text.parse().unwrap())); //# 2 //~ unbounded-env-duration
/// Seconds between two looks for it.
static CHILD_PROCESS_SLEEP: LazyLock<f64> =
    LazyLock::new(|| std::env::var("TEST_CHILD_PROCESS_SLEEP").map_or(0.5, |text| text.parse().unwrap())); //# 3 //~ unbounded-env-duration

const OVS_MANAGER_TEST_PORT_FIRST: u16 = 6610; //# 4 //~ literal-port
const OVS_MANAGER_TEST_PORT_LAST: u16 = 6639; //# 5 //~ literal-port

const PATCH_PREFIX: &str = "patch";
const VETH_PREFIX: &str = "veth";
const FRR_INIT: &str = "/usr/lib/frr/frrinit.sh";

#[derive(Clone, Copy, PartialEq)]
enum Version {
    V4,
    V6,
}

const LISTEN_ON: [(Version, &str); 2] = [
    (Version::V4, "0.0.0.0"), //# 8 //~ pedantic: wildcard-bind
    (Version::V6, "::"),      //# 9 //~ pedantic: wildcard-bind
];

/// The address of a CIDR moved by `offset`.
fn increment_ip_cidr(cidr: &str, offset: u32) -> String {
    let (address, length) = cidr.split_once('/').unwrap();
    let address: Ipv4Addr = address.parse().unwrap();
    format!("{}/{length}", Ipv4Addr::from_bits(address.to_bits() + offset))
}

/// A port that is not among the used ones.
fn get_unused_port(used: &BTreeSet<u16>, start: u16, end: u16) -> u16 {
    let candidates: Vec<u16> = (start..=end).filter(|port| !used.contains(port)).collect();
    *candidates.choose(&mut rand::rng()).expect("a free port")
}

/// A port that no socket of the namespace has; another process may take it before it is used.
fn get_free_namespace_port(namespace: Option<&str>, start: u16, end: u16) -> u16 {
    let mut process = RootHelperProcess::new(&["ss", "-ltn"], namespace).unwrap();
    let mut used = BTreeSet::new();
    while let Some(line) = process.read_stdout() {
        used.extend(line.split_whitespace().nth(3).and_then(|local| local.rsplit(':').next()?.parse::<u16>().ok()));
    }
    get_unused_port(&used, start, end)
}

/// What an OVS manager connects to.
fn ovs_manager() -> TcpListener {
    let port = get_free_namespace_port(None, OVS_MANAGER_TEST_PORT_FIRST, OVS_MANAGER_TEST_PORT_LAST);
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

/// A process behind the root helper and, where one is given, in a namespace.
struct RootHelperProcess {
    child: Child,
    child_pid: Option<Pid>,
    command: Vec<String>,
}

impl RootHelperProcess {
    fn new(command: &[&str], namespace: Option<&str>) -> io::Result<Self> {
        let root_helper = fs::read_to_string("/etc/testbed/root_helper").unwrap();
        let mut argv = shlex::split(&root_helper).unwrap(); //# 7
        if let Some(namespace) = namespace {
            argv.extend(["ip", "netns", "exec", namespace].map(str::to_owned)); //# 6 //~ privileged-command
        }
        argv.extend(command.iter().map(ToString::to_string));
        let child = Command::new(&argv[0]) //~ split-command, option-injection
            .args(&argv[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let command = command.iter().map(ToString::to_string).collect();
        let mut process = Self { child, child_pid: None, command };
        process.wait_for_child_process();
        Ok(process)
    }

    /// Waits until a process with the command line that was asked for is below the root helper.
    fn wait_for_child_process(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(*CHILD_PROCESS_TIMEOUT);
        while self.child_pid.is_none() {
            assert!(Instant::now() < deadline, "{:?} does not run", self.command);
            thread::sleep(Duration::from_secs_f64(*CHILD_PROCESS_SLEEP));
            self.child_pid = descendant(self.child.id(), &self.command);
        }
    }

    fn kill(&self, signal: Signal) {
        kill(self.child_pid.expect("it runs"), signal).unwrap();
    }

    /// The next line of its output.
    fn read_stdout(&mut self) -> Option<String> {
        let mut line = String::new();
        let deadline = Instant::now() + Duration::from_secs(*READ_TIMEOUT);
        let stdout = self.child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap(); //~ unbounded-wait
        assert!(Instant::now() < deadline, "no line in time");
        (!line.is_empty()).then_some(line)
    }

    fn writeline(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }
}

/// The process below `parent` that has this command line.
fn descendant(parent: u32, command: &[String]) -> Option<Pid> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().find_map(|pid| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
        let pid: u32 = pid.parse().ok()?;
        let is_it = line.split('\0').take(command.len()).eq(command.iter().map(String::as_str));
        if is_it { Some(Pid::from_raw(pid.cast_signed())) } else { descendant(pid, command) }
    })
}

fn assert_ping(namespace: &str, address: IpAddr, count: u8) {
    let (timeout, count, address) = ("1", count.to_string(), address.to_string());
    let argv = ["netns", "exec", namespace, "ping", "-W", timeout, "-c", &count, &address];
    assert!(Command::new("ip").args(argv).status().unwrap().success());
}

/// Sends lines between two namespaces.
struct NetcatTester {
    server: RootHelperProcess,
    client: RootHelperProcess,
}

impl NetcatTester {
    fn new(client: &str, server: &str, version: Version, address: &str, port: u16) -> Self {
        let (_, listen) = LISTEN_ON.iter().find(|(known, _)| *known == version).unwrap();
        let port = port.to_string();
        Self {
            server: RootHelperProcess::new(&["nc", "-l", "-s", listen, "-p", &port], Some(server)).unwrap(),
            client: RootHelperProcess::new(&["nc", address, &port], Some(client)).unwrap(),
        }
    }

    fn test_connectivity(&mut self) {
        let message = uuid::Uuid::new_v4().to_string();
        self.client.writeline(&message);
        assert_eq!(self.server.read_stdout().as_deref().map(str::trim_end), Some(message.as_str()));
    }

    fn stop_processes(&self) {
        self.server.kill(Signal::SIGTERM);
        self.client.kill(Signal::SIGTERM);
    }
}

/// A namespace with a name of its own.
struct NamespaceFixture {
    name: String,
}

impl NamespaceFixture {
    fn new(prefix: &str) -> Self {
        let name = format!("{prefix}{}", uuid::Uuid::new_v4());
        Command::new("ip").args(["netns", "add", &name]).status().unwrap();
        Self { name }
    }
}

impl Drop for NamespaceFixture {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

/// Some characters behind a prefix, as many as a device's name has room for.
fn random_device_name(prefix: &str) -> String {
    format!("{prefix}{:06x}", rand::random::<u32>() & 0xff_ffff)
}

/// A device of a kind with a random name; tries again if somebody has that name.
fn create_resource(prefix: &str, kind: &str) -> String {
    loop {
        let name = random_device_name(prefix); //# 12 //~ unclaimed-name
        if Command::new("ip").args(["link", "add", &name, "type", kind]).status().unwrap().success() { //~ host-network-changed
            return name;
        }
    }
}

fn linux_bridge() -> String {
    create_resource("br-", "bridge") //~ host-network-changed
}

fn veth() -> String {
    create_resource(VETH_PREFIX, "veth") //~ host-network-changed
}

/// Two patch ports that connect two bridges.
fn create_patch_ports(source: &str, destination: &str) {
    let infix = rand::random::<u16>();
    let source_port = format!("{PATCH_PREFIX}-s-{infix:04x}"); //# 10 //~ unclaimed-name
    let destination_port = format!("{PATCH_PREFIX}-d-{infix:04x}"); //# 11 //~ unclaimed-name
    for (bridge, port, peer) in
        [(source, &source_port, &destination_port), (destination, &destination_port, &source_port)]
    {
        let set = ["--", "set", "Interface", port, "type=patch", &format!("options:peer={peer}")];
        Command::new("ovs-vsctl").args(["add-port", bridge, port]).args(set).status().unwrap(); //~ host-network-changed
    }
}

/// A pair of devices whose names begin with what the caller asks for.
fn named_veth(prefix: &str) -> (String, String) {
    let number = rand::random::<u16>();
    let near = format!("{prefix}-{number:04x}0"); //# 13 //~ unclaimed-name
    let far = format!("{prefix}-{number:04x}1"); //# 14 //~ unclaimed-name
    Command::new("ip").args(["link", "add", &near, "type", "veth", "peer", "name", &far]).status().unwrap(); //~ host-network-changed
    (near, far)
}

/// A port of a bridge of Open vSwitch.
fn ovs_port(bridge: &str) -> String {
    let name = format!("port{:04x}", rand::random::<u16>()); //# 15 //~ unclaimed-name
    Command::new("ovs-vsctl").args(["add-port", bridge, &name, "--", "set", "Interface", &name, "type=internal"]).status().unwrap(); //~ host-network-changed
    name
}

/// FRR with a path space of the namespace's name.
struct FrrFixture {
    namespace: NamespaceFixture,
}

impl FrrFixture {
    fn act(&self, action: &str) {
        let line = format!("{FRR_INIT} {action} {}", self.namespace.name);
        Command::new("bash").args(["-c", &line]).status().unwrap(); //# 16 //~ shell-command
    }
}

#[test]
fn the_helpers_fit_together() {
    let (near, far) = (NamespaceFixture::new("test-"), NamespaceFixture::new("test-"));
    let cidr = increment_ip_cidr("192.0.2.1/24", 1);
    let (near_device, far_device) = named_veth("test");
    create_patch_ports(&linux_bridge(), &veth());
    assert!(ovs_port(&near_device).len() + far_device.len() < 32 && cidr.ends_with("/24"));
    assert_ping(&near.name, Ipv4Addr::new(192, 0, 2, 2).into(), 1);
    let mut netcat = NetcatTester::new(&near.name, &far.name, Version::V4, "192.0.2.2", 0);
    netcat.test_connectivity();
    netcat.stop_processes();
    let manager = ovs_manager();
    assert!(manager.local_addr().is_ok());
    FrrFixture { namespace: far }.act("start");
}
