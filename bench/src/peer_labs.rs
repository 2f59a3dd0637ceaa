//! Measures two linked hosts as other projects make them, alternating with the floor. The peers are children of the bench: their names are
//! in a `/run` that only the bench sees, and their processes end with it.
//!
//! The bench requests one network at a time, and a peer answers after it has removed it; the next turn begins when the kernel has also
//! destroyed it. A peer that is missing, fails, or leaves namespaces behind is excluded, with the reason in its row.

use std::path::Path;
use std::time::{Duration, Instant};

use netns_bench::peers::{Options, PATIENCE, Peer, privileged};
use netns_bench::report::Figure;
use netns_fixtures::net::Namespace;
use netns_fixtures::time::Deadline;
use nix::mount::{MsFlags, mount};

use crate::{Measured, settle, timed_floor};

pub(crate) const MEANING: &str = "
peer/*: two hosts with one link between them, both ends addressed and up, against peer/floor, which is the floor again in turns
with them. Nobody's taking apart is in it. What each does more, or less, than the floor:
  ip_netns  nine runs of `ip`, one after the other, with names in /run/netns
  patchbay  0.7.0: devices hang on a router, so it makes four namespaces, two bridges and their links; it has no smaller network
  netsim    0.3.0: tun devices instead of a veth, whose packets a task carries; IPv4 only; runs its code on a stack of one page
            from the heap, writes past it, and so may die at any moment, as published
  pyroute2  0.9.7: in one Python that runs already, with names in /run/netns";

/// The peers in the order of their turns: one that is known to die comes last.
const PEERS: [&str; 4] = ["ip_netns", "patchbay", "pyroute2", "netsim"];

struct Made {
    name: &'static str,
    /// The way to make a network, or the reason why the peer is excluded.
    way: Result<Way, String>,
    times: Vec<Duration>,
}

enum Way {
    /// With the command `ip`.
    Commands(Namespace),
    /// With a program that makes one network for each line of its input.
    Program(Peer),
}

/// Returns one row a peer, measured or not, below the row of their floor.
pub(crate) fn measure(options: &Options, samples: usize) -> Measured<Vec<Figure>> {
    // `ip netns` and pyroute2 keep their names below it. The mounts belong to the bench and end with it.
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=755"))?;
    let start = |&name: &&'static str| Made { name, way: start(name, options), times: Vec::new() };
    let mut peers: Vec<Made> = PEERS.iter().map(start).collect();
    let mut floors = Vec::new();
    settle(0)?;
    for peer in &mut peers {
        for turn in 1..=samples {
            let Ok(way) = &mut peer.way else { break };
            floors.push(timed_floor()?);
            settle(0)?;
            match way.make_one().and_then(|time| settle(0).map(|()| time)) {
                Ok(time) => peer.times.push(time),
                // Ends the peer's processes here, before other peers are measured.
                Err(error) => peer.way = Err(format!("in turn {turn} of {samples}: {error}")),
            }
        }
    }
    let floor = Figure::of_times("peer/floor", &floors, None);
    let rows: Vec<Figure> = peers
        .into_iter()
        .map(|Made { name, way, times }| {
            let name = format!("peer/{name}");
            match way {
                Ok(_) => Figure::of_times(&name, &times, Some(&floor)),
                Err(reason) => Figure::of_nothing(&name, reason),
            }
        })
        .collect();
    Ok([floor].into_iter().chain(rows).collect())
}

fn start(name: &str, options: &Options) -> Result<Way, String> {
    match name {
        "ip_netns" => Namespace::current().map(Way::Commands).map_err(|error| error.to_string()),
        "pyroute2" => {
            let own = Namespace::current().map_err(|error| error.to_string())?;
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/pyroute2_lab.py");
            Peer::start(own.command(options.program(name)?).arg("-I").arg(script)).map(Way::Program)
        }
        name => Peer::of_options(options, name).map(Way::Program),
    }
}

impl Way {
    /// Makes two hosts and removes them; returns how long it took to make them.
    fn make_one(&mut self) -> Measured<Duration> {
        match self {
            Self::Commands(own) => {
                let start = Instant::now();
                let made = COMMANDS.iter().try_for_each(|arguments| ip(own, arguments));
                let took = start.elapsed();
                let gone = [["netns", "delete", "one"], ["netns", "delete", "other"]].map(|delete| ip(own, &delete));
                made?;
                gone.into_iter().collect::<Measured>()?;
                Ok(took)
            }
            Self::Program(peer) => peer.request("one more"),
        }
    }
}

const COMMANDS: [&[&str]; 9] = [
    &["netns", "add", "one"],
    &["netns", "add", "other"],
    &["link", "add", "eth0", "netns", "one", "type", "veth", "peer", "name", "eth0", "netns", "other"],
    &["-n", "one", "address", "add", "198.18.0.1/24", "dev", "eth0"],
    &["-n", "one", "address", "add", "fd00::1/64", "dev", "eth0"],
    &["-n", "one", "link", "set", "eth0", "up"],
    &["-n", "other", "address", "add", "198.18.0.2/24", "dev", "eth0"],
    &["-n", "other", "address", "add", "fd00::2/64", "dev", "eth0"],
    &["-n", "other", "link", "set", "eth0", "up"],
];

fn ip(own: &Namespace, arguments: &[&str]) -> Measured {
    let mut command = own.command("ip");
    privileged(&mut command).args(arguments).deadline(Deadline::after(PATIENCE)).output()?.success()?;
    Ok(())
}
