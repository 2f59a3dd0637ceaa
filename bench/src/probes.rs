//! Measures the cost of probes: round trips alternating with those of `ping` in the same run, a matrix of fifty hosts, and the
//! processor time of a ping in the background.
//!
//! It measures in the body of a test: `netns_fixtures::__private::run` isolates it and relays its output.

use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use clap::Parser;
use netns_bench::report::{self, Figure};
use netns_fixtures::__private as runtime;
use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::net::{Host, Lab};
use netns_fixtures::probe::matrix;
use netns_fixtures::process::Capability;
use netns_fixtures::time::Deadline;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeSpec, TimeValLike};

/// Measures the probes of netns-fixtures.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench probes")]
struct Options {
    /// Print one JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// How many floods of a hundred packets each way has; the matrix is measured a tenth as often.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(10..=100_000))]
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
floor_ping, ping: the mean round trip of each flood of 100 packets over a veth, by `ping -f` and by ours in turns with it, both
in whole microseconds, which is what ping prints; *_lo: over loopback; *_exact: by `ping -A`, whose lines have each round
trip, and by ours, both as fractions; matrix_50: 2,450 pairs, target 3,000,000 us;
floor_wakes: a thread that does nothing a thousand times a second; background: 10,000 packets at that rate, target 1 %";

type Measured<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Packets of one flood.
const FLOOD: u64 = 100;

fn measure(samples: usize) -> Measured<Vec<Figure>> {
    let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(60)));
    let [one, other] = ["one", "other"].map(|name| lab.host(name));
    lab.link(&one, &other);
    lab.up()?;
    let mut figures = Vec::new();
    for (name, to) in [("ping", IpAddr::from(other.ipv4())), ("ping_lo", Ipv4Addr::LOCALHOST.into())] {
        let (mut flooded, mut lines, mut ours) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..samples {
            flooded.push(flood_by_ping(&one, to)?);
            ours.push(flood(&one, to)?);
            lines.push(lines_of_ping(&one, to)?);
        }
        let whole: Vec<_> = ours.iter().map(|time| Duration::from_micros(micros(*time))).collect();
        for (ending, theirs, ours) in [("", flooded, whole), ("_exact", lines, ours)] {
            let floor = Figure::of_times(&format!("probes/floor_{name}{ending}"), &theirs, None);
            let mine = Figure::of_times(&format!("probes/{name}{ending}"), &ours, Some(&floor)).at_most(1.0);
            figures.extend([floor, mine]);
        }
    }
    figures.push(matrix_of_fifty((samples / 10).max(1))?);
    figures.push(wakes()?);
    figures.push(background(&one, other.ipv4().into())?);
    Ok(figures)
}

fn flood(from: &Host, to: IpAddr) -> Measured<Duration> {
    let report = from.ping(to).count(FLOOD).interval(Duration::ZERO).run()?;
    report.expect_all()?;
    Ok(report.average().ok_or("no round trip")?)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The mean that ping prints in its last line: `rtt min/avg/max/mdev = 0.010/0.012/…`, in milliseconds.
fn flood_by_ping(from: &Host, to: IpAddr) -> Measured<Duration> {
    let text = ping(from, to, ["-f", "-q"])?;
    let mean = text.rsplit(" = ").next().and_then(|times| times.split('/').nth(1)).ok_or("no times")?;
    Ok(Duration::from_secs_f64(mean.parse::<f64>()? / 1000.0))
}

/// The mean of the times in its lines, `time=0.012 ms`.
fn lines_of_ping(from: &Host, to: IpAddr) -> Measured<Duration> {
    let text = ping(from, to, ["-A"])?;
    let times = text.split("time=").skip(1).filter_map(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    let (sum, count) = times.fold((0.0, 0_u32), |(sum, count), time| (sum + time, count + 1));
    Ok(Duration::from_secs_f64(sum / 1000.0 / f64::from(count.max(1))))
}

fn ping<const N: usize>(from: &Host, to: IpAddr, pace: [&str; N]) -> Measured<String> {
    let mut ping = from.command("ping")?;
    ping.args(pace).args(["-n", "-c"]).arg(FLOOD.to_string()).operand(to.to_string());
    // The file of ping has this capability. Without it the file does not execute where the test's root is the machine's root.
    let output = ping.keep_capabilities([Capability::NET_RAW]).output()?;
    Ok(output.stdout.text().into_owned())
}

fn matrix_of_fifty(samples: usize) -> Measured<Figure> {
    let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(60)));
    let switch = lab.switch("switch");
    let hosts: Vec<_> = (0..50).map(|i| lab.host(format!("host{i}"))).collect();
    for host in &hosts {
        lab.link(host, switch.as_host());
    }
    lab.up()?;
    let mut times = Vec::new();
    for _ in 0..samples {
        let began = Instant::now();
        matrix(&hosts).run()?.expect_all()?;
        times.push(began.elapsed());
    }
    Ok(Figure { ratio_to_floor: None, ..Figure::of_times("probes/matrix_50", &times, None) })
}

/// The floor: a thread that wakes up a thousand times a second.
fn wakes() -> Measured<Figure> {
    let (silence, _writer) = std::io::pipe()?;
    let mut next = Instant::now();
    share_of_a_core("probes/floor_wakes", || {
        for _ in 0..5000 {
            next += Duration::from_millis(1);
            let wait = TimeSpec::from(next.saturating_duration_since(Instant::now()));
            ppoll(&mut [PollFd::new(silence.as_fd(), PollFlags::POLLIN)], Some(wait), None)?;
        }
        Ok(())
    })
}

fn background(from: &Host, to: IpAddr) -> Measured<Figure> {
    share_of_a_core("probes/background", || {
        let report = from.ping(to).count(10_000).interval(Duration::from_millis(1)).start()?.wait()?;
        report.expect_any()?;
        Ok(())
    })
}

/// Returns the processor time of this process, as a share of the wall clock.
fn share_of_a_core(name: &str, work: impl FnOnce() -> Measured) -> Measured<Figure> {
    let spent = || -> Measured<i64> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        Ok(usage.user_time().num_microseconds() + usage.system_time().num_microseconds())
    };
    let (began, before) = (Instant::now(), spent()?);
    work()?;
    let wall = began.elapsed();
    let spent = Duration::from_micros(u64::try_from(spent()? - before)?);
    let percent = spent.as_secs_f64() / wall.as_secs_f64() * 100.0;
    Ok(Figure::of_value(name, "% of a core", (percent * 100.0).round() / 100.0))
}
