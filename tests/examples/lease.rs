//! A server that gets its socket from the test, and a tool that wants a name of a network.
//!
//! Copy the file into the `tests` folder of your package. Where a program is not installed its test is skipped, and says so.
//! Here it runs by `cargo test -p netns-tests --test examples lease`.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;

use netns_fixtures::net::{NsName, PortRange, Tcp};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

/// The port is held from the lease to the server's end: nobody else can have it in between, and the client need not wait for
/// the server, because the socket listens before it starts. `cat` stands for a server that talks on its standard input, as
/// inetd's do.
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

/// The name is in the test alone, and gone with `blue`: another test may have the same one at the same time.
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
