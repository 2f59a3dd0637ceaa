//! A VPN: two hosts, an untrusted network between them, and a tunnel of tun devices over UDP.
//!
//! Copy the file into the `tests` folder of your package. If the user may not open /dev/net/tun, the test is skipped
//! visibly. Here, `cargo test -p netns-tests --test examples vpn` runs it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::thread;
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::link::Tun;
use netns_fixtures::net::{Firewall, FirewallRule, Refusal};
use netns_fixtures::prelude::*;

/// The UDP port of both ends.
const PORT: u16 = 1194;

/// Bytes of a packet inside. The tunnel adds an IPv4 and a UDP header.
const INSIDE_MTU: u32 = 1400;

/// The program under test, in place of a real cipher: no plain packet is visible on the wire.
fn encrypt(packet: &mut [u8]) {
    for byte in packet {
        *byte ^= 0x5a;
    }
}

/// Carries packets in one direction until an end is closed.
fn carry(
    mut receive: impl FnMut(&mut [u8]) -> io::Result<usize>,
    mut send: impl FnMut(&[u8]) -> io::Result<usize>,
) -> io::Result<()> {
    let mut packet = [0; 2048];
    loop {
        let length = receive(&mut packet)?;
        encrypt(&mut packet[..length]);
        send(&packet[..length])?;
    }
}

/// Starts one end of the tunnel in a host. Its two threads end with the test.
fn start_vpn(host: &Host, inside: IpNet, peer: Ipv4Addr) -> TestResult {
    let (mut from_host, mut to_host): (File, File) = {
        let tun = host.open_device(Tun::new().address(inside).mtu(INSIDE_MTU))?.descriptor;
        (tun.try_clone()?, tun)
    };
    let to_peer = host.udp_socket_at((Ipv4Addr::UNSPECIFIED, PORT))?;
    let from_peer: UdpSocket = to_peer.try_clone()?;
    thread::spawn(move || carry(|buffer| from_host.read(buffer), |packet| to_peer.send_to(packet, (peer, PORT))));
    thread::spawn(move || carry(|buffer| from_peer.recv(buffer), |packet| to_host.write(packet)));
    Ok(())
}

#[netns_test(requires(tun))]
fn the_tunnel_crosses_a_network_that_lets_nothing_else_through(mut net: Routed) -> TestResult {
    let mut subnet = net.lab.subnet(2)?;
    let (here, there) = (subnet.next_host()?.0, subnet.next_host()?.0);
    let only_the_tunnel = FirewallRule::allow("tunnel").udp(PORT..=PORT);
    net.router.firewall(&Firewall::new().rule(only_the_tunnel).otherwise(Refusal::Drop))?;
    start_vpn(&net.client, here.into(), net.server.ipv4())?;
    start_vpn(&net.server, there.into(), net.client.ipv4())?;

    net.client.ping(there.addr()).run()?.expect_all()?;
    // The control: the hosts cannot reach each other without the tunnel.
    let beside = net.client.ping(&net.server).timeout(Duration::from_millis(200));
    beside.expect_unreachable_with_control(there.addr())?;
    assert_eq!(net.client.path_mtu(there.addr()).run()?.mtu, usize::try_from(INSIDE_MTU)?);
    Ok(())
}
