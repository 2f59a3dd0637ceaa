//! Two ends with rattan between them: a cell for each direction, which delays by nothing. The network lives as long as the program; each
//! request is one measurement over it.

use std::collections::HashMap;
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use anyhow::{anyhow, bail};
use netns_bench_peers::{answer, request, traffic};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use rattan_core::cells::StdPacket;
use rattan_core::config::{CellBuildConfig, DelayCellBuildConfig, RattanConfig};
use rattan_core::env::{StdNetEnvConfig, StdNetEnvMode};
use rattan_core::metal::io::af_packet::AfPacketDriver;
use rattan_core::radix::RattanRadix;

/// The only pair of devices of an end; 0 is for one to the outside.
const PAIR: usize = 1;

fn main() -> anyhow::Result<()> {
    hide_files()?;
    let radix = network()?;
    let (left, right) = (Side::Left, Side::Right);
    let address = radix.right_ip(PAIR);
    while let Some(request) = request()? {
        let took = match request.as_str() {
            "rate" => {
                let listener = right.run(&radix, move || TcpListener::bind((address, 0)))?;
                let at = listener.local_addr()?;
                let connect = || left.run(&radix, move || TcpStream::connect(at));
                traffic::transfer(listener, || connect().map_err(io::Error::other))?
            }
            "latency" => {
                let open = || socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp);
                let socket = left.run(&radix, move || Ok(UdpSocket::from(open()?)))?;
                socket.connect((address, 0))?;
                traffic::round_trip(&socket)?
            }
            request => bail!("unknown request {request:?}"),
        };
        answer(took)?;
    }
    Ok(())
}

/// Gives this program, which has one thread yet, a `/run` for the names of its namespaces, a `/tmp` for its locks, and nothing in place of the
/// kernel's log.
fn hide_files() -> nix::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    for folder in ["/run", "/tmp"] {
        mount(Some("tmpfs"), folder, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, none)?;
    }
    mount(Some("/dev/null"), "/dev/kmsg", none, MsFlags::MS_BIND, none)
}

fn network() -> anyhow::Result<RattanRadix<AfPacketDriver>> {
    let mut config = RattanConfig::<StdPacket> {
        env: StdNetEnvConfig { mode: StdNetEnvMode::Isolated, ..StdNetEnvConfig::default() },
        ..RattanConfig::default()
    };
    for name in ["up", "down"] {
        config.cells.insert(name.to_owned(), CellBuildConfig::Delay(DelayCellBuildConfig::new(Duration::ZERO)));
    }
    let links = [("left", "up"), ("up", "right"), ("right", "down"), ("down", "left")];
    config.links = HashMap::from(links.map(|(from, to)| (from.to_owned(), to.to_owned())));
    let mut radix = RattanRadix::new(config)?;
    radix.spawn_rattan()?;
    radix.start_rattan()?;
    Ok(radix)
}

enum Side {
    Left,
    Right,
}

impl Side {
    /// Runs a closure on a thread in the namespace of this end.
    fn run<R: Send + 'static>(
        &self,
        radix: &RattanRadix<AfPacketDriver>,
        closure: impl FnOnce() -> io::Result<R> + Send + 'static,
    ) -> anyhow::Result<R> {
        let task = move || Ok(closure());
        let thread = match self {
            Self::Left => radix.left_spawn(None, task),
            Self::Right => radix.right_spawn(None, task),
        };
        let ended = thread?.join().map_err(|_| anyhow!("a thread panicked"))?;
        Ok(ended.map_err(|error| anyhow!("{error}"))??)
    }
}
