//! Settings that tests make in their hosts with system tools, because the library has no builder: netem with `tc`, WireGuard with `ip` and
//! `wg`. Each is observed in the traffic, with a control without it.

#![forbid(unsafe_code)]

use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use netns_fixtures::prelude::*;
use netns_fixtures::probe::PingReport;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

/// Runs a tool in the host with these words as its arguments, and returns its output.
fn tool(host: &Host, name: &str, words: &str) -> TestResult<String> {
    require_program(name)?;
    let mut command = host.command(name)?;
    command.keep_capabilities([Capability::NET_ADMIN]).args(words.split(' '));
    let output = command.output()?.success()?;
    Ok(output.stdout.text().trim_end().to_owned())
}

fn ping(host: &Host, to: Ipv4Addr) -> TestResult<PingReport> {
    Ok(host.ping(to).count(5).interval(Duration::from_millis(10)).timeout(Duration::from_secs(1)).run()?)
}

#[netns_test(requires(netem))]
fn netem_delays_and_loses(net: Pair) -> TestResult {
    const DELAY: Duration = Duration::from_millis(150);
    let server = net.server.ipv4();
    assert!(ping(&net.client, server)?.expect_all()?.min() < Some(DELAY), "the control");
    tool(&net.client, "tc", "qdisc add dev eth0 root netem delay 150ms")?;
    assert!(ping(&net.client, server)?.expect_all()?.min() >= Some(DELAY));
    tool(&net.client, "tc", "qdisc change dev eth0 root netem loss 100%")?;
    assert_eq!(ping(&net.client, server)?.statistics().received, 0);
    tool(&net.client, "tc", "qdisc delete dev eth0 root")?;
    ping(&net.client, server)?.expect_all()?;
    Ok(())
}

/// A host's end of the tunnel.
struct Peer<'a> {
    host: &'a Host,
    inner: Ipv4Addr,
    key: String,
}

impl<'a> Peer<'a> {
    fn new(host: &'a Host, inner: Ipv4Addr) -> TestResult<Self> {
        let private = tempfile::NamedTempFile::new()?;
        fs::write(private.path(), tool(host, "wg", "genkey")?)?;
        tool(host, "ip", "link add wg0 type wireguard")?;
        tool(host, "wg", &format!("set wg0 listen-port 51820 private-key {}", private.path().display()))?;
        tool(host, "ip", &format!("address add {inner}/24 dev wg0"))?;
        tool(host, "ip", "link set wg0 up")?;
        Ok(Self { host, inner, key: tool(host, "wg", "show wg0 public-key")? })
    }

    fn admit(&self, other: &Self) -> TestResult {
        let (key, inner, outer) = (&other.key, other.inner, other.host.ipv4());
        tool(self.host, "wg", &format!("set wg0 peer {key} allowed-ips {inner}/32 endpoint {outer}:51820")).map(drop)
    }
}

#[netns_test(requires(wireguard))]
fn wireguard_carries_who_is_admitted(mut net: Pair) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let (here, there) = (subnet.next_host()?.0.addr(), subnet.next_host()?.0.addr());
    let (client, server) = (Peer::new(&net.client, here)?, Peer::new(&net.server, there)?);
    client.admit(&server)?;
    assert_eq!(ping(&net.client, there)?.statistics().received, 0, "the server does not know the client");
    server.admit(&client)?;
    // The server starts: the client's first handshake failed, and it waits five seconds before it retries; source:
    // wireguard.com, "Timers and Stateless UX". Packets that waited for the handshake may overtake later ones.
    let first = ping(&net.server, here)?.statistics();
    assert_eq!((first.sent, first.received), (5, 5), "{first:?}");
    ping(&net.client, there)?.expect_all()?;
    // The tunnel carried the traffic: the kernel knows the peer, and counted more than five pings of 84 bytes.
    let shown = tool(&net.server, "wg", "show wg0 transfer")?;
    let received: u64 = shown.split_whitespace().nth(1).ok_or("no counter")?.parse()?;
    assert!(shown.starts_with(&client.key) && received > 5 * 84, "{shown}");
    tool(&net.server, "wg", &format!("set wg0 peer {} remove", client.key))?;
    assert_eq!(ping(&net.client, there)?.statistics().received, 0);
    ping(&net.client, net.server.ipv4())?.expect_all()?;
    Ok(())
}
