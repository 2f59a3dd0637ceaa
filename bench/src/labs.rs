//! Measures the cost of networks against the netlink messages that they consist of, in the same run.
//!
//! The measurement needs the environment of a test, so it runs in the body of one: `netns_fixtures::__private::run` isolates it and
//! forwards its output.

mod peer_labs;

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use clap::Parser;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use netns_fixtures::__private as runtime;
use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::net::{Lab, Namespace, Switch};
use netns_fixtures::time::Deadline;
use nix::sched::{CloneFlags, unshare};

use netns_bench::cpu;
use netns_bench::peers;
use netns_bench::quiet::Before;
use netns_bench::report::{self, Figure};
use netns_bench::settle::settle;

/// Measures the networks of netns-fixtures.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench labs")]
struct Options {
    /// Print one JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// How often two hosts are measured; large networks are measured a twentieth as often.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    samples: u32,
    #[command(flatten)]
    peers: peers::Options,
}

runtime::zygote!(MEASURE);

static MEASURE: runtime::Declaration = runtime::Declaration {
    module_path: module_path!(),
    function: "measure",
    deadline: Some(Duration::from_secs(1800)),
    requires: &[],
    hostname: None,
    should_panic: runtime::ShouldPanic::No,
    body: |_| Ok(report::ended(run(&Options::parse()))),
};

fn main() {
    // `--help` and mistakes exit here, before the isolation.
    Options::parse();
    runtime::run(&MEASURE);
}

fn run(options: &Options) -> Measured {
    let before = Before::read()?;
    let mut figures = measure(options.samples as usize)?;
    let mut meaning = MEANING.to_owned();
    if options.peers.are_asked_for() {
        figures.extend(peer_labs::measure(&options.peers, (options.samples / 5).max(10) as usize)?);
        meaning.push_str(peer_labs::MEANING);
    }
    report::print(&figures, options.json, &meaning)?;
    before.warn_if_busy(&figures[0]);
    Ok(())
}

const MEANING: &str = "\
floor: two namespaces, one veth, both ends addressed and up, by the fewest messages and nothing read back;
without_journal: two hosts, in turns with the row above, and nothing is recorded; journal: two hosts against that;
*_cpu: CPU time on all cores, without the kernel's own threads;
lan_*: by host, of as many hosts on one switch (1000 at most on each), against the cost of one of two hosts;
lan_*_per_link: the same against the floor, which has one link as well; memory: the kernel's, by host";

type Measured<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn measure(samples: usize) -> Measured<Vec<Figure>> {
    let (mut floors, mut pairs, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    let (mut cpu_of_floors, mut cpu_of_pairs) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        settle(0)?;
        let before = cpu::own()?;
        floors.push(timed_floor()?);
        cpu_of_floors.push(cpu::own()?.saturating_sub(before));
        settle(0)?;
        let before = cpu::own()?;
        pairs.push(timed(|| lab(2, false).map(drop))?);
        cpu_of_pairs.push(cpu::own()?.saturating_sub(before));
        settle(0)?;
        runtime::keep_journal(false);
        silent.push(timed(|| lab(2, false).map(drop))?);
        runtime::keep_journal(true);
    }
    let floor = Figure::of_times("labs/floor", &floors, None);
    let two = Figure::of_times("labs/two_hosts", &pairs, Some(&floor)).at_most(1.25);
    let of_two: Vec<Duration> = pairs.iter().map(|time| *time / 2).collect();
    let host_of_two = Figure::of_times("labs/host_of_two", &of_two, None);
    let silent = Figure::of_times("labs/without_journal", &silent, None);
    let journal = Figure::of_times("labs/journal", &pairs, Some(&silent)).at_most(1.03);
    let floor_cpu = Figure::of_times("labs/floor_cpu", &cpu_of_floors, None);
    let two_cpu = Figure::of_times("labs/two_hosts_cpu", &cpu_of_pairs, Some(&floor_cpu));
    let cpu_of_host: Vec<Duration> = cpu_of_pairs.iter().map(|time| *time / 2).collect();
    let host_of_two_cpu = Figure::of_times("labs/host_of_two_cpu", &cpu_of_host, None);
    let mut figures = vec![floor, two, floor_cpu, two_cpu, silent, journal];
    let floor = figures[0].clone();
    let large = [(100_u32, samples / 20, Some(0.82)), (500, samples / 20, Some(1.12)), (2000, samples / 100, None)];
    for (hosts, rounds, target) in large {
        let (mut times, mut cpu) = (Vec::new(), Vec::new());
        let mut memory = 0.0;
        for _ in 0..rounds.max(1) {
            settle(0)?;
            let before = kernel_memory()?;
            let (start, cpu_before) = (Instant::now(), cpu::own()?);
            let up = lab(hosts, true)?;
            times.push(start.elapsed() / hosts);
            cpu.push(cpu::own()?.saturating_sub(cpu_before) / hosts);
            memory = (kernel_memory()? - before).max(0.0) / f64::from(hosts);
            drop(up);
        }
        figures.push(Figure::of_times(&format!("labs/lan_{hosts}_per_host"), &times, Some(&host_of_two)));
        let per_link = Figure::of_times(&format!("labs/lan_{hosts}_per_link"), &times, Some(&floor));
        figures.push(Figure { target, ..per_link });
        figures.push(Figure::of_times(&format!("labs/lan_{hosts}_cpu_per_host"), &cpu, Some(&host_of_two_cpu)));
        figures.push(Figure::of_value(&format!("labs/lan_{hosts}_memory_per_host"), "KiB", memory.round()));
    }
    Ok(figures)
}

fn timed(operation: impl FnOnce() -> Measured) -> Measured<Duration> {
    let start = Instant::now();
    operation()?;
    Ok(start.elapsed())
}

fn timed_floor() -> Measured<Duration> {
    timed(|| {
        std::thread::scope(|scope| scope.spawn(floor).join().map_err(|_| "the floor panicked")?.map_err(Into::into))
    })
}

/// A bridge has 1023 ports at most; source: `BR_MAX_PORTS` in net/bridge/br_private.h.
const HOSTS_ON_A_SWITCH: usize = 1000;

fn lab(hosts: u32, switched: bool) -> Measured<Lab> {
    let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(300)));
    let hosts: Vec<_> = (0..hosts).map(|i| lab.host(format!("host{i}"))).collect();
    if switched {
        let mut before: Option<Switch> = None;
        for (number, hosts) in hosts.chunks(HOSTS_ON_A_SWITCH).enumerate() {
            let switch = lab.switch(format!("switch{number}"));
            for host in hosts {
                lab.link(host, &switch);
            }
            if let Some(before) = before.replace(switch.clone()) {
                lab.link(&before, &switch);
            }
        }
    } else if let [one, other] = &hosts[..] {
        lab.link(one, other);
    }
    lab.up()?;
    Ok(lab)
}

/// Returns the memory of the kernel itself in KiB, which includes the namespaces.
fn kernel_memory() -> Measured<f64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("no such field")?;
        Ok::<f64, Box<dyn std::error::Error>>(line.trim().trim_end_matches(" kB").parse()?)
    };
    Ok(field("Slab:")? + field("Percpu:")? + field("VmallocUsed:")? + field("KernelStack:")?)
}

/// Runs on a thread that ends with the measurement.
fn floor() -> io::Result<()> {
    let end = || -> io::Result<(OwnedFd, Socket)> {
        unshare(CloneFlags::CLONE_NEWNET)?;
        let namespace = fs::File::open("/proc/thread-self/ns/net")?.into();
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok((namespace, socket))
    };
    let (_one, here) = end()?;
    let (other, there) = end()?;
    let mut peer = LinkMessage::default();
    peer.header.index = 2;
    peer.attributes = vec![LinkAttribute::IfName("eth0".to_owned()), LinkAttribute::NetNsFd(other.as_raw_fd())];
    let mut link = LinkMessage::default();
    link.header.index = 2;
    link.header.flags = LinkFlags::Up;
    link.header.change_mask = LinkFlags::Up;
    link.attributes = vec![
        LinkAttribute::IfName("eth0".to_owned()),
        LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]),
    ];
    tell(&here, RouteNetlinkMessage::NewLink(link))?;
    let mut up = LinkMessage::default();
    up.header.index = 2;
    up.header.flags = LinkFlags::Up;
    up.header.change_mask = LinkFlags::Up;
    tell(&there, RouteNetlinkMessage::SetLink(up))?;
    for (socket, last) in [(&here, 1), (&there, 2)] {
        let mut ipv4 = AddressMessage::default();
        ipv4.header.family = AddressFamily::Inet;
        (ipv4.header.prefix_len, ipv4.header.index) = (24, 2);
        let address = std::net::Ipv4Addr::new(198, 18, 0, last).into();
        ipv4.attributes = vec![AddressAttribute::Local(address), AddressAttribute::Address(address)];
        tell(socket, RouteNetlinkMessage::NewAddress(ipv4))?;
        let mut ipv6 = AddressMessage::default();
        ipv6.header.family = AddressFamily::Inet6;
        (ipv6.header.prefix_len, ipv6.header.index) = (64, 2);
        let address = std::net::Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last.into()).into();
        ipv6.attributes = vec![AddressAttribute::Address(address)];
        tell(socket, RouteNetlinkMessage::NewAddress(ipv6))?;
    }
    // Both namespaces are alive and linked: the floor did the same work as the networks.
    assert_ne!(Namespace::current().map_or(0, |namespace| namespace.inode()), 0);
    Ok(())
}

fn tell(socket: &Socket, message: RouteNetlinkMessage) -> io::Result<()> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    socket.send(&bytes, 0)?;
    let (answer, _) = socket.recv_from_full()?;
    match NetlinkMessage::<RouteNetlinkMessage>::deserialize(&answer).map_err(io::Error::other)?.payload {
        NetlinkPayload::Error(error) if error.code.is_some() => Err(error.to_io()),
        _ => Ok(()),
    }
}
