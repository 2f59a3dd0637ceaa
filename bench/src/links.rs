//! Measures links with conditions against links without, in turns: the throughput and the added latency of the relay, and the time that a
//! lab takes to come up.
//!
//! It measures in the body of a test: `netns_fixtures::__private::run` isolates it and relays its output.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use netns_bench::report::{self, Figure};
use netns_bench::settle::settle;
use netns_fixtures::__private as runtime;
use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::net::condition::{Backend, Condition};
use netns_fixtures::net::{Host, Lab};
use netns_fixtures::time::Deadline;

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
        let measured = measure(options.samples as usize);
        Ok(report::ended(measured.and_then(|figures| Ok(report::print(&figures, options.json, MEANING)?))))
    },
};

fn main() {
    // `--help` and mistakes exit here, before the isolation.
    Options::parse();
    runtime::run(&MEASURE);
}

const MEANING: &str = "\
floor_*: a link without a condition, in turns with the same link with `Condition::new()`, which is the relay alone, or netem;
*_rate: the time of 32 MiB over TCP; relay_megabits: the same as Mbit/s of payload, the median; *_latency: the median of 100 round trips,
and half of the difference; lab_with_conditions: two hosts, from the declaration until the lab is up";

type Measured<T = ()> = Result<T, Box<dyn std::error::Error>>;

const TRANSFERRED_BYTES: usize = 32 * 1024 * 1024;

fn measure(samples: usize) -> Measured<Vec<Figure>> {
    let mut links = vec![two_hosts(None)?, two_hosts(Some(Backend::Relay))?];
    let without_netem = two_hosts(Some(Backend::Netem)).map(|link| links.push(link)).err();
    let (mut rates, mut trips, mut labs) = (vec![vec![]; links.len()], vec![vec![]; links.len()], [vec![], vec![]]);
    for _ in 0..samples {
        for (way, (_lab, one, other)) in links.iter().enumerate() {
            rates[way].push(transfer(one, other)?);
            trips[way].push(round_trip(one, other)?);
        }
        for (way, backend) in [None, Some(Backend::Relay)].into_iter().enumerate() {
            // The measured hosts live on, and a namespace of the lab for each link with a condition.
            settle(u32::try_from(3 * links.len() - 1)?)?;
            let start = Instant::now();
            let up = two_hosts(backend)?;
            labs[way].push(start.elapsed());
            drop(up);
        }
    }
    let mut figures = Vec::new();
    for (unit, times) in [("rate", &rates), ("latency", &trips)] {
        let floor = Figure::of_times(&format!("links/floor_{unit}"), &times[0], None);
        let relay = Figure::of_times(&format!("links/relay_{unit}"), &times[1], Some(&floor));
        let netem = format!("links/netem_{unit}");
        let netem = match (times.get(2), &without_netem) {
            (Some(times), _) => Figure::of_times(&netem, times, Some(&floor)),
            (None, reason) => Figure::of_nothing(&netem, reason.as_ref().map(ToString::to_string).unwrap_or_default()),
        };
        let derived = if unit == "rate" {
            #[expect(clippy::cast_precision_loss, reason = "a number of bits below 2^53")]
            let megabits = (TRANSFERRED_BYTES * 8) as f64 / relay.median;
            Figure::of_value("links/relay_megabits", "Mbit/s", megabits.round())
        } else {
            let added = (relay.median - floor.median) / 2.0;
            Figure::of_value("links/relay_added_latency", "us", (added * 10.0).round() / 10.0)
        };
        figures.extend([floor, relay, derived, netem]);
    }
    let floor = Figure::of_times("links/floor_lab", &labs[0], None);
    let lab = Figure::of_times("links/lab_with_conditions", &labs[1], Some(&floor)).at_most(1.3);
    figures.extend([floor, lab]);
    Ok(figures)
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

/// The time from the first byte until the other end has read the last.
fn transfer(from: &Host, to: &Host) -> Measured<Duration> {
    let listener = to.tcp_listener(0)?;
    let port = listener.local_addr()?.port();
    let reader = thread::spawn(move || -> std::io::Result<usize> {
        let (mut stream, mut buffer, mut total) = (listener.accept()?.0, vec![0; 256 * 1024], 0);
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(total),
                read => total += read,
            }
        }
    });
    let mut stream = from.tcp_connect((to.ipv4(), port))?;
    let chunk = vec![7; 256 * 1024];
    let start = Instant::now();
    for _ in 0..TRANSFERRED_BYTES / chunk.len() {
        stream.write_all(&chunk)?;
    }
    drop(stream);
    let total = reader.join().map_err(|_| "the reader panicked")??;
    let took = start.elapsed();
    if total == TRANSFERRED_BYTES { Ok(took) } else { Err(format!("{total} bytes arrived").into()) }
}

/// The median of 100 round trips, one after another.
fn round_trip(from: &Host, to: &Host) -> Measured<Duration> {
    let report = from.ping(to).count(100).interval(Duration::ZERO).run()?;
    report.expect_all()?;
    Ok(report.percentile(50).ok_or("no round trip")?)
}
