//! A client of a protocol over UDP, such as QUIC: it sends lost requests again, and its connection survives a change of its address.
//!
//! Copy the file into the `tests` folder of your package. Here, `cargo test -p netns-tests --test examples roaming` runs it.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use netns_fixtures::net::Nat;
use netns_fixtures::net::condition::{Condition, Loss};
use netns_fixtures::prelude::*;

/// The longest wait for an answer. Requests for the router's address (ARP) are lost as well, and the kernel repeats them once a second.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// The state of a connection at the server. A number in each datagram identifies it, not the address of the client (RFC 9000, section 9).
#[derive(Debug, Default)]
struct Connection {
    addresses: BTreeSet<IpAddr>,
    /// The requests that it handled, each once.
    handled: Vec<u8>,
}

/// The server under test: handles each request once, and answers every copy of it.
fn serve(socket: &UdpSocket, connection: &Mutex<Connection>) -> io::Result<()> {
    let mut request = [0; 1];
    loop {
        let (_, client) = socket.recv_from(&mut request)?;
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection.addresses.insert(client.ip());
        if !connection.handled.contains(&request[0]) {
            connection.handled.push(request[0]);
        }
        socket.send_to(&request, client)?;
    }
}

/// The client under test: sends a request until its answer arrives, and waits twice as long each time.
fn request(socket: &UdpSocket, server: SocketAddr, number: u8) -> io::Result<()> {
    let mut wait = Duration::from_millis(20);
    loop {
        socket.send_to(&[number], server)?;
        socket.set_read_timeout(Some(wait))?;
        let mut answer = [0; 1];
        match socket.recv(&mut answer) {
            // An answer to an earlier copy of another request is not this one.
            Ok(_) if answer[0] == number => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait = (2 * wait).min(LONGEST_WAIT),
            Err(error) => return Err(error),
        }
    }
}

/// The client has two ways out, each behind its own router, which translates addresses. If a request were lost for good, the
/// test would fail at its deadline.
#[netns_test(deadline = "20s")]
fn the_connection_survives_the_change_from_wifi_to_mobile(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let [wifi, mobile] = ["wifi", "mobile"].map(|name| lab.router(name));
    let internet = lab.switch("internet");
    lab.link(&server, internet.as_host());
    for router in [&wifi, &mobile] {
        // The n-th packet of each direction has the same fate in each run.
        let lossy = Condition::new().loss(Loss::percent(20.0)).seed(7);
        lab.link(&client, router).condition(lossy);
        lab.link(router, internet.as_host());
    }
    lab.gateway(&client, &wifi);
    lab.up()?;
    for router in [&wifi, &mobile] {
        router.nat(&Nat::home().outside("eth1"))?;
    }

    let connection = Arc::new(Mutex::new(Connection::default()));
    let listening = server.udp_socket_at((Ipv4Addr::UNSPECIFIED, 443))?;
    let known = Arc::clone(&connection);
    thread::spawn(move || serve(&listening, &known));

    let socket = client.udp_socket_at((Ipv4Addr::UNSPECIFIED, 0))?;
    let address = SocketAddr::from((server.ipv4(), 443));
    for number in 0..10 {
        request(&socket, address, number)?;
    }
    client.link_down("eth0")?;
    client.set_default_gateway(mobile.ipv4())?;
    for number in 10..20 {
        request(&socket, address, number)?;
    }

    let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(connection.handled, (0..20).collect::<Vec<_>>());
    let outside = |router: &Host| router.device("eth1").map(|device| device.addresses[0].addr());
    assert_eq!(connection.addresses, BTreeSet::from([outside(&wifi)?, outside(&mobile)?]));
    let lost = lab.link_between(&client, &mobile)?.statistics_from(&client)?.lost;
    assert!(lost > 0, "the control: no request had to be sent again");
    Ok(())
}
