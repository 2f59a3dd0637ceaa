//! Measures links with conditions against links without, in turns: the throughput and the added latency of the relay, and the time that a
//! lab takes to come up.
//!
//! It measures in the body of a test: `netns_fixtures::__private::run` isolates it and relays its output.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use clap::Parser;
use netns_bench::peers::{self, Peer};
use netns_bench::quiet::Before;
use netns_bench::report::{self, Figure};
use netns_bench::settle::settle;
use netns_bench::traffic::{self, TRANSFERRED_BYTES};
use netns_fixtures::__private as runtime;
use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::net::condition::{Backend, Condition};
use netns_fixtures::net::{Host, Lab};
use netns_fixtures::time::Deadline;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

/// Measures the links of netns-fixtures.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench links")]
struct Options {
    /// Print one JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// How often each is measured.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(10..=100_000))]
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
    body: |_| {
        let options = Options::parse();
        let meaning = if options.peers.are_asked_for() { MEANING.to_owned() + OF_PEERS } else { MEANING.to_owned() };
        Ok(report::ended(run(&options, &meaning)))
    },
};

fn main() {
    // `--help` and mistakes exit here, before the isolation.
    Options::parse();
    runtime::run(&MEASURE);
}

const MEANING: &str = "\
floor_*: a link without a condition, in turns with the same link with `Condition::new()`, which is the relay alone, or netem;
*_rate: the time of 32 MiB over one connection of TCP; *_megabits: the same as Mbit/s of payload, the median; *_latency: the median of 100
round trips of ICMP, until the sender reads the reply; *_added_latency: half of the difference; lab_with_conditions: two hosts, from the declaration until the lab is up";

const OF_PEERS: &str = "
peer/rattan_*: rattan-core 0.1.1 with two of its cells, which delay by nothing, one for each direction, in turns with the rows above and measured
by the same code. Its packets are as ours, of 1,500 bytes at most; it carries them by packet sockets too, on one thread of its runtime, and
one network lives for the whole run";

type Measured<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The namespaces of rattan: two ends, and the middle.
const NAMESPACES_OF_RATTAN: usize = 3;

/// The times of one way to make a link.
#[derive(Default)]
struct Times {
    rate: Vec<Duration>,
    latency: Vec<Duration>,
}

fn run(options: &Options, meaning: &str) -> Measured {
    let before = Before::read()?;
    let figures = measure(options)?;
    report::print(&figures, options.json, meaning)?;
    before.warn_if_busy(&figures[0]);
    Ok(())
}

fn measure(options: &Options) -> Measured<Vec<Figure>> {
    let mut links = vec![two_hosts(None)?, two_hosts(Some(Backend::Relay))?];
    let without_netem = two_hosts(Some(Backend::Netem)).map(|link| links.push(link)).err();
    let mut times: Vec<Times> = links.iter().map(|_| Times::default()).collect();
    let mut labs = [vec![], vec![]];
    let mut rattan = options.peers.are_asked_for().then(|| Peer::of_options(&options.peers, "rattan"));
    let mut of_rattan = Times::default();
    for turn in 1..=options.samples {
        for ((_lab, one, other), times) in links.iter().zip(&mut times) {
            times.rate.push(transfer(one, other)?);
            times.latency.push(round_trip(one, other)?);
        }
        if let Some(Ok(peer)) = &mut rattan {
            match peer.request("rate").and_then(|rate| Ok((rate, peer.request("latency")?))) {
                Ok((rate, latency)) => {
                    of_rattan.rate.push(rate);
                    of_rattan.latency.push(latency);
                }
                // Ends its processes here.
                Err(error) => rattan = Some(Err(format!("in turn {turn} of {}: {error}", options.samples))),
            }
        }
        let peers = if let Some(Ok(_)) = rattan { NAMESPACES_OF_RATTAN } else { 0 };
        for (way, backend) in [None, Some(Backend::Relay)].into_iter().enumerate() {
            // The measured hosts live on, and a namespace of the lab for each link with a condition.
            settle(u32::try_from(3 * links.len() - 1 + peers)?)?;
            let start = Instant::now();
            let up = two_hosts(backend)?;
            labs[way].push(start.elapsed());
            drop(up);
        }
    }
    let floor_rate = Figure::of_times("links/floor_rate", &times[0].rate, None);
    let floor_latency = Figure::of_times("links/floor_latency", &times[0].latency, None);
    let rows = |name: &str, times: &Times| {
        let rate = Figure::of_times(&format!("{name}_rate"), &times.rate, Some(&floor_rate));
        #[expect(clippy::cast_precision_loss, reason = "a number of bits below 2^53")]
        let megabits = (TRANSFERRED_BYTES * 8) as f64 / rate.median;
        let megabits = Figure::of_value(&format!("{name}_megabits"), "Mbit/s", megabits.round());
        let latency = Figure::of_times(&format!("{name}_latency"), &times.latency, Some(&floor_latency));
        let added = (latency.median - floor_latency.median) / 2.0;
        let added = Figure::of_value(&format!("{name}_added_latency"), "us", (added * 10.0).round() / 10.0);
        vec![rate, megabits, latency, added]
    };
    let mut figures = rows("links/relay", &times[1]);
    figures.extend(match (times.get(2), &without_netem) {
        (Some(times), _) => rows("links/netem", times),
        (None, reason) => {
            vec![Figure::of_nothing("links/netem", reason.as_ref().map(ToString::to_string).unwrap_or_default())]
        }
    });
    match rattan {
        Some(Ok(_)) => figures.extend(rows("peer/rattan", &of_rattan)),
        Some(Err(reason)) => figures.push(Figure::of_nothing("peer/rattan", reason)),
        None => {}
    }
    if options.peers.are_asked_for() {
        let reason = "its conditions are those of netem, set by `tc`: the rows links/netem are what they cost";
        figures.push(Figure::of_nothing("peer/patchbay", reason.to_owned()));
    }
    let floor = Figure::of_times("links/floor_lab", &labs[0], None);
    let lab = Figure::of_times("links/lab_with_conditions", &labs[1], Some(&floor)).at_most(1.3);
    Ok([floor_rate, floor_latency].into_iter().chain(figures).chain([floor, lab]).collect())
}

/// Makes two hosts with a link, without a condition or with one that changes nothing.
fn two_hosts(backend: Option<Backend>) -> Measured<(Lab, Host, Host)> {
    let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(60)));
    let [one, other] = ["one", "other"].map(|name| lab.host(name));
    let mut link = lab.link(&one, &other);
    if let Some(backend) = backend {
        link.condition(Condition::new()).backend(backend);
    }
    lab.up()?;
    Ok((lab, one, other))
}

fn transfer(from: &Host, to: &Host) -> Measured<Duration> {
    let listener = to.tcp_listener(0)?;
    let port = listener.local_addr()?.port();
    Ok(traffic::transfer(listener, || from.tcp_connect((to.ipv4(), port)).map_err(std::io::Error::other))?)
}

fn round_trip(from: &Host, to: &Host) -> Measured<Duration> {
    let open = || socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp);
    let socket = UdpSocket::from(from.namespace()?.run(open)??);
    socket.connect((to.ipv4(), 0))?;
    Ok(traffic::round_trip(&socket)?)
}
