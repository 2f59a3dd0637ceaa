//! Leased ports, free ports and the table of sockets.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::ControlFlow::{Break, Continue};
use std::os::fd::OwnedFd;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use netns_fixtures::KernelError;
use netns_fixtures::net::{PortError, PortRange, Protocol, SocketState, Tcp, Udp};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Child;
use netns_fixtures::requirements::require_program;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

/// Starts a process that tries again and again to bind the port in every possible way; returns after the first full round.
fn thief(own: &Namespace, protocol: &str, port: u16) -> TestResult<Child> {
    let mut thief = own.command(*SUBJECT).args(["steal", protocol, &port.to_string()]).spawn()?;
    assert_eq!(thief.read_line()?.as_deref(), Some("every way was refused"));
    Ok(thief)
}

#[netns_test]
fn a_leased_port_is_nobody_elses_until_the_lease_is_dropped(own: Namespace) -> TestResult {
    let lease = own.lease_port(Tcp, PortRange::new(2000..=2999)?)?;
    let (tcp, udp) = (lease.port(), own.lease_port(Udp, PortRange::new(2000..=2999)?)?);
    assert_eq!((tcp, udp.port()), (2000, 2000), "the two protocols have ports of their own");
    let addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, tcp)), (Ipv4Addr::UNSPECIFIED, tcp).into()];
    let addresses =
        addresses.into_iter().chain([(Ipv6Addr::LOCALHOST, tcp).into(), (Ipv6Addr::UNSPECIFIED, tcp).into()]);
    let addresses: Vec<_> = addresses.collect();
    for address in &addresses {
        assert_eq!(
            TcpListener::bind(address).map_err(|error| error.kind()).err(),
            Some(ErrorKind::AddrInUse),
            "{address}"
        );
        assert_eq!(
            UdpSocket::bind(address).map_err(|error| error.kind()).err(),
            Some(ErrorKind::AddrInUse),
            "{address}"
        );
    }
    drop((lease, udp));
    for address in &addresses {
        TcpListener::bind(address)?;
        UdpSocket::bind(address)?;
    }
    Ok(())
}

#[netns_test]
fn nobody_takes_a_port_while_it_is_handed_to_a_child(own: Namespace) -> TestResult {
    let lease = own.lease_port(Tcp, PortRange::new(2000..=2999)?)?;
    let port = lease.port();
    let mut thief = thief(&own, "tcp", port)?;
    let server =
        own.command(*SUBJECT).args(["answer-on-descriptor", "3"]).pass_fd("http", lease.into_listener()?).spawn()?;
    let mut answer = String::new();
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))?.read_to_string(&mut answer)?;
    assert_eq!(answer, "1 http true");
    assert!(thief.is_running(), "the port was stolen from under the child");
    // The control: once the port is free, the same thief binds it.
    drop(server);
    assert_eq!(thief.read_line()?.as_deref(), Some("stolen"));
    Ok(())
}

#[netns_test]
fn nobody_takes_a_port_while_a_child_begins_to_listen_itself(own: Namespace) -> TestResult {
    let lease = own.lease_port(Tcp, PortRange::new(2000..=2999)?)?;
    let port = lease.port();
    let mut thief = thief(&own, "tcp", port)?;
    let mut command = own.command(*SUBJECT);
    command.arg("listen-on-input").stdin(OwnedFd::from(lease));
    let mut server = command.spawn()?;
    assert_eq!(server.read_line()?.as_deref(), Some("listening"));
    TcpStream::connect((Ipv6Addr::LOCALHOST, port))?;
    assert!(thief.is_running(), "the port was stolen from under the child");
    drop((server, command));
    assert_eq!(thief.read_line()?.as_deref(), Some("stolen"));
    Ok(())
}

#[netns_test]
fn nobody_takes_a_port_while_it_becomes_a_socket_of_the_test(own: Namespace) -> TestResult {
    for round in 0..20 {
        let lease = own.lease_port(Tcp, PortRange::new(2000..=2999)?)?;
        let port = lease.port();
        let mut thief = thief(&own, "tcp", port)?;
        let listener = lease.into_listener()?;
        let client = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        assert_eq!(listener.accept()?.1.port(), client.local_addr()?.port());
        assert!(thief.is_running(), "stolen in round {round}");
        drop(listener);
        assert_eq!(thief.read_line()?.as_deref(), Some("stolen"));
    }
    let lease = own.lease_port(Udp, PortRange::new(2000..=2999)?)?;
    let port = lease.port();
    let mut thief = thief(&own, "udp", port)?;
    // The lease does not lose packets that arrive at it.
    UdpSocket::bind("127.0.0.1:0")?.send_to(b"early", (Ipv4Addr::LOCALHOST, port))?;
    let socket = lease.into_socket();
    let mut datagram = [0; 16];
    let length = socket.recv(&mut datagram)?;
    assert_eq!(&datagram[..length], b"early");
    assert!(thief.is_running());
    drop(socket);
    assert_eq!(thief.read_line()?.as_deref(), Some("stolen"));
    Ok(())
}

/// The reason for leases: another process binds a free port before the child does.
#[netns_test]
fn without_a_lease_the_port_is_stolen_on_the_way_to_the_child(own: Namespace) -> TestResult {
    let port = own.free_port(Tcp, PortRange::new(2000..=2999)?)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let mut thief = thief(&own, "tcp", port)?;
    drop(listener);
    assert_eq!(thief.read_line()?.as_deref(), Some("stolen"));
    let mut server = own.command(*SUBJECT).args(["listen", "tcp", &port.to_string()]).spawn()?;
    assert!(!server.wait()?.success());
    Ok(())
}

#[netns_test]
async fn a_lease_becomes_a_socket_of_tokio(own: Namespace) -> TestResult {
    let lease = own.lease_port(Tcp, PortRange::new(2000..=2999)?)?;
    let port = lease.port();
    let listener = lease.into_tokio_listener()?;
    let (accepted, client) =
        tokio::join!(listener.accept(), tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
    assert_eq!(accepted?.1.port(), client?.local_addr()?.port());
    let socket = own.lease_port(Udp, PortRange::privileged(53..=53)?)?.into_tokio_socket()?;
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
    client.send_to(b"who?", "127.0.0.1:53").await?;
    assert_eq!(socket.recv(&mut [0; 16]).await?, 4);
    Ok(())
}

#[netns_test]
fn each_host_has_ports_of_its_own(net: Pair) -> TestResult {
    let ports = PortRange::new(8080..=8080)?;
    let lease = net.server.lease_port(Tcp, ports)?;
    let _same_number = net.client.lease_port(Tcp, ports)?;
    let listener = lease.into_listener()?;
    for server in [SocketAddr::from((net.server.ipv4(), 8080)), (net.server.ipv6(), 8080).into()] {
        let client = net.client.tcp_connect(server)?;
        let (_accepted, from) = listener.accept()?;
        assert_eq!(from.port(), client.local_addr()?.port());
        let shown = net.server.sockets()?;
        assert!(shown.iter().any(|socket| {
            socket.state == SocketState::Established && socket.remote.is_some_and(|remote| remote.port() == from.port())
        }));
    }
    assert_eq!(net.client.free_port(Udp, ports)?, 8080);
    Ok(())
}

#[netns_test]
fn a_namespace_without_ipv6_addresses_leases_all_the_same(net: Pair) -> TestResult {
    net.server.set_sysctl("net.ipv6.conf.all.disable_ipv6", "1")?;
    net.server.set_sysctl("net.ipv6.bindv6only", "1")?;
    let lease = net.server.lease_port(Tcp, PortRange::new(8080..=8080)?)?;
    let taken = net.server.tcp_listener(8080).unwrap_err();
    assert!(
        matches!(taken.downcast_ref(), Some(KernelError { source, .. }) if source.kind() == ErrorKind::AddrInUse),
        "{taken:?}"
    );
    let _listener = lease.into_listener()?;
    net.client.tcp_connect((net.server.ipv4(), 8080))?;
    Ok(())
}

/// Makes `socket` fail for that family in the calling thread and its children.
fn take_away_family(family: i32) -> TestResult {
    let family = u64::from(family.cast_unsigned());
    let of_family = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family)?;
    let rules = [(nix::libc::SYS_socket, vec![SeccompRule::new(vec![of_family])?])].into();
    let refusal = SeccompAction::Errno(nix::libc::EAFNOSUPPORT.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, std::env::consts::ARCH.try_into()?)?;
    let program: BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}

#[netns_test]
fn a_kernel_without_ipv6_leases_ports_of_ipv4(own: Namespace) -> TestResult {
    take_away_family(nix::libc::AF_INET6)?;
    assert!(UdpSocket::bind("[::1]:0").is_err(), "the control: there is no IPv6");
    let lease = own.lease_port(Tcp, PortRange::new(2000..=2000)?)?;
    assert!(TcpListener::bind("127.0.0.1:2000").is_err());
    let listener = lease.into_listener()?;
    assert_eq!(listener.local_addr()?, "0.0.0.0:2000".parse::<SocketAddr>()?);
    TcpStream::connect("127.0.0.1:2000")?;
    assert!(own.sockets()?.iter().any(|socket| socket.state == SocketState::Listen));
    Ok(())
}

/// The port is available only in a way that also lets others bind it.
#[netns_test]
fn a_port_whose_connections_wait_for_their_end_is_not_leased_and_says_so(own: Namespace) -> TestResult {
    let ports = PortRange::new(2000..=2000)?;
    let listener = own.lease_port(Tcp, ports)?.into_listener()?;
    let client = TcpStream::connect("127.0.0.1:2000")?;
    // The side that closes first enters TIME_WAIT.
    drop(listener.accept()?);
    drop((client, listener));
    wait_until(Deadline::after(Duration::from_secs(5)), Duration::from_millis(1), || {
        let states = own.sockets().map(|sockets| sockets.iter().map(|socket| socket.state).collect::<Vec<_>>());
        match states {
            // Both sides, if they close at the same moment.
            Ok(states) if !states.is_empty() && states.iter().all(|state| *state == SocketState::TimeWait) => Break(()),
            other => Continue(other),
        }
    })?;
    let refused = format!("{:#}", own.lease_port(Tcp, ports).unwrap_err());
    assert!(refused.contains("2000 by nobody's descriptor") && refused.contains("TIME-WAIT"), "{refused}");
    // A server may bind the port again, as usual: the lease's listener had `SO_REUSEADDR`.
    TcpListener::bind("127.0.0.1:2000")?;
    Ok(())
}

#[netns_test]
fn leases_of_many_threads_share_nothing_and_the_end_is_told_with_the_holders(own: Namespace) -> TestResult {
    let ports = PortRange::new(2000..=2199)?;
    let leases: Vec<_> = thread::scope(|scope| {
        let lease_some = || (0..50).map(|_| own.lease_port(Tcp, ports)).collect::<Result<Vec<_>, _>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(lease_some)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a lease does not panic")).collect::<Result<Vec<_>, _>>()
    })?;
    let numbers: BTreeSet<_> = leases.iter().flatten().map(netns_fixtures::net::PortLease::port).collect();
    assert_eq!(numbers, (2000..=2199).collect());
    let refused = own.lease_port(Tcp, ports).unwrap_err();
    let Some(PortError::Exhausted { protocol: Protocol::Tcp, range, .. }) = refused.downcast_ref() else {
        panic!("{refused:?}")
    };
    assert_eq!(*range, ports);
    let text = refused.to_string();
    assert!(text.starts_with("cannot find a free TCP port in 2000-2199: in use are 2000 by "), "{text}");
    assert!(text.ends_with(" and 192 more"), "{text}");
    // Linux lists bound, otherwise unused sockets since 6.8; before, the query cannot see leases.
    let are_listed = own.sockets()?.iter().any(|socket| ports.contains(socket.local.port()));
    assert_eq!(own.free_port(Tcp, ports).is_err(), are_listed);
    drop(leases);
    let _again = own.lease_port(Tcp, ports)?;
    Ok(())
}

#[netns_test]
fn the_holder_of_the_only_port_is_named(own: Namespace) -> TestResult {
    let server = own.command(*SUBJECT).args(["listen", "udp", "2000"]).ready_when(Ready::udp_port(2000)).spawn()?;
    let refused = format!("{:#}", own.lease_port(Udp, PortRange::new(2000..=2000)?).unwrap_err());
    let process = format!("2000 by netns-subject (pid {}) (as 127.0.0.1:2000, unconnected)", server.id());
    assert!(refused.contains(&process), "{refused}");
    let _lease = own.lease_port(Udp, PortRange::new(2000..=2001)?)?;
    Ok(())
}

#[netns_test]
fn ports_that_the_kernel_gives_away_are_had_by_that_name_only(net: Pair) -> TestResult {
    net.server.set_local_port_range(5000..=5009)?;
    for (first, last) in [(5000, 5000), (4000, 5000), (5009, 6000), (4000, 6000)] {
        let refused = net.server.lease_port(Tcp, PortRange::new(first..=last)?).unwrap_err();
        assert!(matches!(refused.downcast_ref(), Some(PortError::Ephemeral { .. })), "{refused:?}");
        let refused = format!("{:#}", net.server.free_port(Tcp, PortRange::new(first..=last)?).unwrap_err());
        assert!(refused.contains("the kernel assigns 5000-5009 to sockets that request no port"), "{refused}");
    }
    let (_below, _above) = (
        net.server.lease_port(Tcp, PortRange::new(4999..=4999)?)?,
        net.server.lease_port(Tcp, PortRange::new(5010..=5010)?)?,
    );
    let ephemeral = PortRange::ephemeral(&net.server.namespace()?)?;
    assert_eq!((ephemeral.first(), ephemeral.last()), (5000, 5009));
    let leases = (0..10).map(|_| net.server.lease_port(Udp, ephemeral)).collect::<Result<Vec<_>, _>>()?;
    // The control: the kernel has no free port either.
    assert!(net.server.udp_socket(0).is_err());
    drop(leases);
    net.server.udp_socket(0)?;
    Ok(())
}

#[netns_test]
fn a_port_that_is_found_free_is_on_nobodys_socket(own: Namespace) -> TestResult {
    let ports = PortRange::new(2000..=2009)?;
    let _ipv4 = TcpListener::bind("127.0.0.1:2000")?;
    let _ipv6 = TcpListener::bind("[::1]:2001")?;
    let _lease = own.lease_port(Tcp, PortRange::new(2002..=2002)?)?;
    // Linux lists the lease since 6.8, with its true state.
    let lease = own.sockets()?.into_iter().find(|socket| socket.local.port() == 2002);
    assert!(lease.is_none_or(|lease| lease.state == SocketState::Bound), "{lease:?}");
    let client = TcpStream::connect("127.0.0.1:2000")?;
    assert_eq!(own.free_port(Udp, ports)?, 2000);
    assert_eq!(own.free_port(Tcp, ports)?, if lease.is_some() { 2003 } else { 2002 });
    let port = own.free_port(Tcp, PortRange::ephemeral(&own)?)?;
    assert_ne!(port, client.local_addr()?.port());
    Ok(())
}

#[netns_test]
fn the_table_of_sockets_is_that_of_ss_and_of_proc(own: Namespace) -> TestResult {
    require_program("ss")?;
    let listener = TcpListener::bind("127.0.0.1:2000")?;
    let _client = TcpStream::connect("127.0.0.1:2000")?;
    let _accepted = listener.accept()?;
    let _ipv6 = TcpListener::bind("[::1]:2001")?;
    let datagrams = [UdpSocket::bind("[::]:2000")?, UdpSocket::bind("127.0.0.1:2001")?];
    datagrams[1].connect("127.0.0.1:9")?;
    let ours = own.sockets()?;
    assert_eq!(ours.len(), 6, "{ours:?}");

    let ss = own.command("ss").args(["-H", "-n", "-a", "-t", "-u", "-e"]).output()?.success()?;
    let inode = |line: &str| line.split_once("ino:").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    let by_ss: BTreeSet<_> = ss.stdout.text().lines().map(|line| (line[..3].trim().to_owned(), inode(line))).collect();
    let name = |protocol| if protocol == Protocol::Tcp { "tcp" } else { "udp" }.to_owned();
    assert_eq!(by_ss, ours.iter().map(|socket| (name(socket.protocol), socket.inode)).collect());

    // Addresses are hexadecimal there, so the test compares ports, states, owners and inodes; source: proc_net(5).
    let mut by_proc = BTreeSet::new();
    for (protocol, tables) in [(Protocol::Tcp, ["tcp", "tcp6"]), (Protocol::Udp, ["udp", "udp6"])] {
        for table in tables {
            let table = fs::read_to_string(format!("/proc/thread-self/net/{table}"))?;
            for line in table.lines().skip(1) {
                let fields: Vec<_> = line.split_whitespace().collect();
                let port =
                    |field: &str| field.rsplit_once(':').and_then(|(_, port)| u16::from_str_radix(port, 16).ok());
                let state = match fields[3] {
                    "01" => SocketState::Established,
                    "07" => SocketState::Unconnected,
                    "0A" => SocketState::Listen,
                    other => return Err(format!("the state {other}").into()),
                };
                let remote = port(fields[2]).filter(|port| *port != 0);
                let (uid, inode) = (fields[7].parse::<u32>()?, fields[9].parse::<u64>()?);
                by_proc.insert((protocol, port(fields[1]), remote, state, uid, Some(inode)));
            }
        }
    }
    let ours = ours.iter().map(|socket| {
        let remote = socket.remote.map(|remote| remote.port());
        (socket.protocol, Some(socket.local.port()), remote, socket.state, socket.uid, socket.inode)
    });
    assert_eq!(by_proc, ours.collect());
    Ok(())
}
