//! A service mesh: the connections of an application are redirected to a sidecar on its host, which adds the workload's name
//! and connects to the sidecar of the other side.
//!
//! Copy the file into the `tests` folder of your package; it needs nix with the feature `socket`. If `nft` is not installed,
//! the test is skipped visibly. Here, `cargo test -p netns-tests --test examples sidecar` runs it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::thread;

use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;
use nix::sys::socket::{getsockopt, sockopt};

/// The port of a sidecar for the connections of its host's own application.
const OUTBOUND: u16 = 15001;

/// The port of a sidecar for the connections of other sidecars.
const INBOUND: u16 = 15006;

/// Redirects the connections of an application on a host to port 80 to the sidecar, as a mesh does.
const REDIRECTION: &str = "table ip mesh {
    chain output { type nat hook output priority -100; tcp dport 80 redirect to :15001; }
}";

/// The sidecar under test, on the side of the client.
fn serve_outbound(host: &Host, listener: &TcpListener) -> TestResult {
    loop {
        let (application, _) = listener.accept()?;
        let to = original_destination(&application)?;
        let mut peer = host.tcp_connect((*to.ip(), INBOUND))?;
        peer.write_all(b"workload: frontend\n")?;
        join(&application, &peer)?;
    }
}

/// The sidecar under test, on the side of the server: admits one workload.
fn serve_inbound(host: &Host, listener: &TcpListener) -> TestResult {
    loop {
        let (peer, _) = listener.accept()?;
        // Unbuffered, because the application reads the bytes after the line.
        let mut line = String::new();
        BufReader::with_capacity(1, &peer).read_line(&mut line)?;
        if line == "workload: frontend\n" {
            join(&host.tcp_connect((Ipv4Addr::LOCALHOST, 80))?, &peer)?;
        }
    }
}

/// The destination before the redirection; source: `SO_ORIGINAL_DST` in linux/netfilter_ipv4.h.
fn original_destination(connection: &TcpStream) -> TestResult<SocketAddrV4> {
    let address = getsockopt(connection, sockopt::OriginalDst)?;
    Ok(SocketAddrV4::new(u32::from_be(address.sin_addr.s_addr).into(), u16::from_be(address.sin_port)))
}

/// Copies both directions until both are closed.
fn join(one: &TcpStream, other: &TcpStream) -> io::Result<()> {
    let copy = |mut from: &TcpStream, mut to: &TcpStream| {
        io::copy(&mut from, &mut to)?;
        to.shutdown(Shutdown::Write)
    };
    thread::scope(|scope| {
        let back = scope.spawn(|| copy(other, one));
        copy(one, other)?;
        back.join().unwrap_or(Ok(()))
    })
}

#[netns_test]
fn the_application_reaches_a_server_that_only_its_sidecar_reaches(lan: Lan<3>) -> TestResult {
    require_program("nft")?;
    let [frontend, backend, stranger] = &lan.hosts;
    let mut nft = frontend.command("nft")?;
    nft.keep_capabilities([Capability::NET_ADMIN]).arg(REDIRECTION).output()?.success()?;
    let outbound = frontend.tcp_listener_at((Ipv4Addr::LOCALHOST, OUTBOUND))?;
    let inbound = backend.tcp_listener_at((backend.ipv4(), INBOUND))?;
    let server = backend.tcp_listener_at((Ipv4Addr::LOCALHOST, 80))?;
    let host = frontend.clone();
    thread::spawn(move || serve_outbound(&host, &outbound));
    let host = backend.clone();
    thread::spawn(move || serve_inbound(&host, &inbound));

    // The application does not know about the mesh.
    let mut application = frontend.tcp_connect((backend.ipv4(), 80))?;
    application.write_all(b"GET /")?;
    application.shutdown(Shutdown::Write)?;
    let (mut connection, _) = server.accept()?;
    let mut request = String::new();
    connection.read_to_string(&mut request)?;
    assert_eq!(request, "GET /");
    connection.write_all(b"200 OK")?;
    drop(connection);
    let mut answer = String::new();
    application.read_to_string(&mut answer)?;
    assert_eq!(answer, "200 OK");

    // Without a sidecar: no server, and no way past the other sidecar.
    assert!(stranger.tcp_connect((backend.ipv4(), 80)).is_err());
    let mut past = stranger.tcp_connect((backend.ipv4(), INBOUND))?;
    past.write_all(b"workload: stranger\n")?;
    assert_eq!(past.read(&mut [0; 1])?, 0);
    Ok(())
}
