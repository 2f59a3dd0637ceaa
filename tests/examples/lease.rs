//! A server that receives its socket from the test, and a tool that needs the name of a network.
//!
//! Copy the file into the `tests` folder of your package. If a program is not installed, its test is skipped visibly. Here,
//! `cargo test -p netns-tests --test examples lease` runs it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;

use netns_fixtures::net::{NsName, PortRange, Tcp};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

/// The port is held from the lease to the end of the server: no other process can take it in between. The client need not
/// wait for the server, because the socket listens before the server starts. `cat` represents a server that talks on its
/// standard input, like those of inetd.
#[netns_test]
fn the_server_gets_a_socket_and_no_number(net: Pair) -> TestResult {
    let lease = net.server.lease_port(Tcp, PortRange::configured()?)?;
    let port = lease.port();
    let listener = lease.into_listener()?;
    let mut client = net.client.tcp_connect((net.server.ipv4(), port))?;

    let (connection, _) = listener.accept()?;
    let output = OwnedFd::from(connection.try_clone()?);
    let mut server = net.server.command("cat")?;
    let mut server = server.stdin(OwnedFd::from(connection)).stdout(output).spawn()?;

    client.write_all(b"to be said again")?;
    client.shutdown(Shutdown::Write)?;
    assert!(server.wait()?.success());
    let mut answer = [0; 16];
    client.read_exact(&mut answer)?;
    assert_eq!(&answer, b"to be said again");
    Ok(())
}

/// Only the test sees the name, which ends with `blue`: another test may use the same name at the same time.
#[netns_test]
fn a_tool_finds_a_host_by_name(net: Pair) -> TestResult {
    require_program("ip")?;
    let blue = net.server.publish(NsName::new("blue")?)?;
    let mut ip = net.client.command("ip")?;
    ip.keep_capabilities([Capability::SYS_ADMIN, Capability::NET_ADMIN]);
    let shown = ip.option("-netns", blue.name().as_str()).args(["-oneline", "-4", "address"]).output()?.success()?;
    assert!(shown.stdout.text().contains(&net.server.ipv4().to_string()));
    Ok(())
}
