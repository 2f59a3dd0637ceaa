//! Networks of hosts, observed through sockets, counters and the kernel's lists.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netns_fixtures::KernelError;
use netns_fixtures::net::address::{AddressPlan, Ipv4Net, Ipv6Net};
use netns_fixtures::net::link::{Bridge, Veth};
use netns_fixtures::net::{Firewall, LabError, Lan, Nat, NewRule, Pair, PortRange, Routed, Tcp};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Protocol, matrix};
use netns_fixtures::requirements::require_program;
use netns_tests::traffic::{PATIENCE, frame, sent_is_heard};
use nix::sys::socket::{setsockopt, sockopt};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

fn exchange(listener: &TcpListener, mut client: TcpStream) -> TestResult {
    let (mut server, from) = listener.accept()?;
    assert_eq!(from.port(), client.local_addr()?.port());
    client.write_all(b"ping")?;
    let mut four = [0; 4];
    server.read_exact(&mut four)?;
    assert_eq!(&four, b"ping");
    server.write_all(b"pong")?;
    client.read_exact(&mut four)?;
    assert_eq!(&four, b"pong");
    Ok(())
}

/// Returns a host's addresses of both families.
fn addresses(host: &Host) -> [IpAddr; 2] {
    [host.ipv4().into(), host.ipv6().into()]
}

#[netns_test]
fn a_pair_talks_in_both_directions_and_families(net: Pair) -> TestResult {
    for (from, to) in [(&net.client, &net.server), (&net.server, &net.client)] {
        let listener = to.tcp_listener(80)?;
        for address in addresses(to) {
            exchange(&listener, from.tcp_connect((address, 80))?)?;
        }
        let (socket, other) = (to.udp_socket(53)?, from.udp_socket(0)?);
        for address in addresses(to) {
            other.send_to(b"datagram", (address, 53))?;
            let mut buffer = [0; 16];
            let (length, _) = socket.recv_from(&mut buffer)?;
            assert_eq!(&buffer[..length], b"datagram");
        }
    }
    // The counters of both ends agree that the packets crossed the link.
    let (client, server) = (net.client.statistics("eth0")?, net.server.statistics("eth0")?);
    assert!(client.tx_packets >= 20, "{client:?}");
    assert!(server.rx_packets >= 20, "{server:?}");
    Ok(())
}

/// The control of the test above: without a listener, or without a link, nothing is reachable.
#[netns_test]
fn what_is_not_there_is_not_reached(net: Pair, mut lab: Lab) -> TestResult {
    assert!(format!("{:#}", net.client.tcp_connect((net.server.ipv4(), 81)).unwrap_err()).contains("connect to"));
    let alone = lab.host("alone");
    lab.up()?;
    let refused = alone.tcp_connect((net.server.ipv4(), 80)).unwrap_err();
    let Some(KernelError { source, object, .. }) = refused.downcast_ref() else { panic!("{refused}") };
    assert_eq!(source.kind(), std::io::ErrorKind::NetworkUnreachable);
    assert!(object.contains("\"alone\""), "{object}");
    Ok(())
}

#[netns_test]
fn a_host_is_what_the_kernel_shows(net: Pair) -> TestResult {
    require_program("ip")?;
    let inode = net.server.namespace()?.inode();
    let seen = net.server.run(|| -> TestResult<_> {
        let inside = Namespace::current()?.inode();
        let devices = std::fs::read_to_string("/proc/thread-self/net/dev")?;
        Ok((inside, devices))
    })??;
    assert_eq!(seen.0, inode);
    let names: Vec<_> = seen.1.lines().skip(2).filter_map(|line| line.trim().split(':').next()).collect();
    assert_eq!(names, ["lo", "eth0"]);
    // The same with a program, which sees only the host.
    let output =
        net.server.command("ip")?.args(["-o", "-6", "addr", "show", "dev", "eth0", "scope", "global"]).output()?;
    assert!(output.stdout.text().contains(&format!("{}/64", net.server.ipv6())), "{}", output.stdout.text());
    assert!(!output.stdout.text().contains("tentative"), "{}", output.stdout.text());
    let device = net.server.device("eth0")?;
    assert!(device.mac.is_unicast() && device.mac.is_locally_administered());
    let shown = net.server.run(|| std::fs::read_to_string("/proc/thread-self/net/arp"))??;
    assert!(shown.contains("HW address"), "{shown}");
    Ok(())
}

#[netns_test]
fn a_router_forwards_and_a_host_does_not(net: Routed, mut lab: Lab) -> TestResult {
    let listener = net.server.tcp_listener(80)?;
    for address in addresses(&net.server) {
        exchange(&listener, net.client.tcp_connect((address, 80))?)?;
    }
    assert!(net.router.statistics("eth0")?.rx_packets > 10);
    assert!(net.router.statistics("eth1")?.tx_packets > 10);
    // The control: the same shape with a host in the middle drops packets that it should not forward.
    let [client, middle, server] = ["client", "middle", "server"].map(|name| lab.host(name));
    for end in [&client, &server] {
        lab.link(end, &middle);
        lab.gateway(end, &middle);
    }
    lab.up()?;
    let socket = server.udp_socket(53)?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    client.udp_socket(0)?.send_to(b"lost", (server.ipv4(), 53))?;
    assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    Ok(())
}

#[netns_test]
fn hosts_of_a_lan_reach_each_other(lan: Lan<5>) -> TestResult {
    for to in &lan.hosts {
        let listener = to.tcp_listener(80)?;
        for from in lan.hosts.iter().filter(|from| from.name() != to.name()) {
            for address in addresses(to) {
                exchange(&listener, from.tcp_connect((address, 80))?)?;
            }
        }
    }
    let devices = lan.switch.as_host().devices()?;
    let (bridge, ports) = devices.split_last().ok_or("no devices")?;
    assert_eq!((bridge.name.as_str(), ports.len()), ("br0", 5));
    for port in ports {
        assert!(lan.switch.as_host().statistics(port.name.as_str())?.rx_packets > 20, "{port:?}");
    }
    Ok(())
}

/// Includes the very first packet, which a link with a carrier and without a queue would drop silently.
#[netns_test(deadline = "2m")]
fn the_first_frame_of_a_lab_arrives() -> TestResult {
    for _ in 0..60 {
        let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(10)));
        let [a, b] = ["a", "b"].map(|name| lab.host(name));
        let switch = lab.switch("switch");
        for host in [&a, &b] {
            lab.link(host, switch.as_host());
        }
        lab.up()?;
        let (mut here, mut there) = (File::from(a.packet_socket("eth0")?), File::from(b.packet_socket("eth0")?));
        let frame = frame(b.mac("eth0")?, a.mac("eth0")?);
        assert!(sent_is_heard(PATIENCE, &mut here, Some(&mut there), &frame)?);
    }
    Ok(())
}

#[netns_test]
fn switches_in_a_row_are_one_segment(mut lab: Lab) -> TestResult {
    let [left, middle, right] = ["left", "middle", "right"].map(|name| lab.switch(name));
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, left.as_host());
    lab.link(left.as_host(), middle.as_host());
    lab.link(middle.as_host(), right.as_host());
    lab.link(right.as_host(), &b);
    lab.up()?;
    let listener = b.tcp_listener(80)?;
    for address in addresses(&b) {
        exchange(&listener, a.tcp_connect((address, 80))?)?;
    }
    Ok(())
}

#[netns_test]
async fn tokio_has_the_same_sockets(net: Pair) -> TestResult {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = net.server.tokio_tcp_listener(80)?;
    let address = SocketAddr::from((net.server.ipv6(), 80));
    let (accepted, connected) = tokio::join!(listener.accept(), net.client.tokio_tcp_connect(address));
    let (mut server, mut client) = (accepted?.0, connected?);
    client.write_all(b"hello").await?;
    client.shutdown().await?;
    let mut heard = String::new();
    server.read_to_string(&mut heard).await?;
    assert_eq!(heard, "hello");
    let socket = net.server.tokio_udp_socket(53)?;
    net.client.tokio_udp_socket(0)?.send_to(b"hello", (net.server.ipv4(), 53)).await?;
    assert_eq!(socket.recv(&mut [0; 8]).await?, 5);
    Ok(())
}

#[netns_test]
fn settings_of_a_host_are_its_own(net: Pair) -> TestResult {
    net.client.set_sysctl("net.ipv4.ip_default_ttl", "7")?;
    assert_eq!(net.client.sysctl("net.ipv4.ip_default_ttl")?, "7");
    assert_eq!(net.server.sysctl("net.ipv4.ip_default_ttl")?, "64");
    net.client.set_local_port_range(40_000..=40_009)?;
    for _ in 0..10 {
        let port = net.client.udp_socket(0)?.local_addr()?.port();
        assert!((40_000..=40_009).contains(&port), "{port}");
    }
    assert!(net.client.set_sysctl("net.ipv4.ip_default_ttl", "1000").is_err());
    assert!(format!("{:#}", net.client.set_sysctl("kernel.hostname", "x").unwrap_err()).contains("begin with `net.`"));
    Ok(())
}

/// More hosts than one instance of proc serves.
fn many_hosts_are_all_usable(lab: &mut Lab) -> TestResult {
    let hosts: Vec<Host> = (0..70).map(|number| lab.host(format!("host{number}"))).collect();
    lab.up()?;
    for host in &hosts {
        assert_eq!(host.sysctl("net.ipv4.ip_unprivileged_port_start")?, "0", "{}", host.name());
        assert_eq!(host.sysctl("net.ipv4.ping_group_range")?, "0\t0", "{}", host.name());
        assert_eq!(host.sysctl("net.ipv6.conf.default.accept_dad")?, "0", "{}", host.name());
    }
    Ok(())
}

#[netns_test]
fn each_of_many_hosts_has_the_settings_of_a_host(mut lab: Lab) -> TestResult {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")?;
    many_hosts_are_all_usable(&mut lab)?;
    assert_eq!(std::fs::read_to_string("/proc/self/mountinfo")?, mounts);
    Ok(())
}

/// Simulates kernels before 5.2 and a filter of a container.
#[netns_test]
fn many_hosts_come_up_without_another_instance_of_proc(mut lab: Lab) -> TestResult {
    let rules = [(nix::libc::SYS_fsopen, Vec::new())].into();
    let refusal = SeccompAction::Errno(nix::libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refusal, std::env::consts::ARCH.try_into()?)?;
    // For this thread and those that it starts.
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    many_hosts_are_all_usable(&mut lab)
}

#[netns_test]
fn a_device_that_is_down_carries_nothing_until_it_is_up(net: Pair) -> TestResult {
    let _listener = net.server.tcp_listener(80)?;
    for address in addresses(&net.server) {
        net.client.tcp_connect((address, 80))?;
        net.client.link_down("eth0")?;
        assert!(net.client.tcp_connect((address, 80)).is_err());
        net.client.link_up("eth0")?;
        net.client.tcp_connect((address, 80))?;
    }
    let missing = format!("{:#}", net.client.link_down("eth7").unwrap_err());
    assert!(missing.contains("\"client\" has no device \"eth7\"; it has eth0"), "{missing}");
    Ok(())
}

#[netns_test]
fn the_mtu_is_that_of_the_link(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b).mtu(1400).devices("wan0", "lan0");
    lab.up()?;
    let socket = a.udp_socket(0)?;
    let don_t_fragment = sockopt::Ipv6DontFrag;
    let _peer = b.udp_socket(53)?;
    setsockopt(&socket, don_t_fragment, &true)?;
    // 40 bytes of IPv6 and 8 of UDP; RFC 8200, RFC 768.
    assert!(socket.send_to(&[0; 1400 - 48], (b.ipv6(), 53)).is_ok());
    assert_eq!(socket.send_to(&[0; 1400 - 47], (b.ipv6(), 53)).unwrap_err().raw_os_error(), Some(nix::libc::EMSGSIZE));
    a.set_mtu("wan0", 1300)?;
    assert_eq!(socket.send_to(&[0; 1400 - 48], (b.ipv6(), 53)).unwrap_err().raw_os_error(), Some(nix::libc::EMSGSIZE));
    assert!(a.set_mtu("wan0", 10).is_err());
    Ok(())
}

#[netns_test]
fn declared_addresses_names_and_macs_are_what_is_made(mut lab: Lab) -> TestResult {
    require_program("ip")?;
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b)
        .named("uplink")
        .subnet("192.0.2.0/28".parse()?, "2001:db8:7::/64".parse()?)
        .addresses("192.0.2.9".parse::<IpAddr>()?, "192.0.2.1".parse::<IpAddr>()?)
        .macs("02:00:00:00:0a:01".parse()?, "02:00:00:00:0a:02".parse()?);
    lab.up()?;
    assert_eq!((a.ipv4().to_string(), b.ipv4().to_string()), ("192.0.2.9".to_owned(), "192.0.2.1".to_owned()));
    assert!("2001:db8:7::/64".parse::<Ipv6Net>()?.contains(&a.ipv6()));
    assert_eq!(a.device("eth0")?.link, "uplink");
    let shown = a.command("ip")?.args(["-o", "link", "show", "dev", "eth0"]).output()?;
    assert!(shown.stdout.text().contains("02:00:00:00:0a:01"), "{}", shown.stdout.text());
    Ok(())
}

#[netns_test]
fn a_handle_says_when_its_lab_is_not_up_and_when_it_is_gone(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b);
    assert!(format!("{:#}", a.tcp_listener(80).unwrap_err()).contains("\"a\": its lab is not up"));
    lab.up()?;
    let listener = b.tcp_listener(80)?;
    a.tcp_connect((b.ipv4(), 80))?;
    drop(lab);
    let gone = a.tcp_connect((b.ipv4(), 80)).unwrap_err();
    assert!(matches!(gone.downcast_ref(), Some(LabError::Gone { host }) if host == "a"), "{gone}");
    let elsewhere: netns_fixtures::net::address::IpNet = "192.0.2.0/24".parse()?;
    for gone in [
        a.udp_socket(0).map(drop),
        a.packet_socket("eth0").map(drop),
        a.run(|| ()),
        a.spawn(async {}).map(drop),
        a.command("true").map(drop),
        a.sysctl("net.ipv4.ip_forward").map(drop),
        a.link_down("eth0"),
        a.statistics("eth0").map(drop),
        a.routes().map(drop),
        a.add_route(elsewhere, b.ipv4()),
        a.neighbours().map(drop),
        a.sockets().map(drop),
        a.set_hosts([("a", b.addr())]),
        a.add_device(Bridge::new()).map(drop),
        a.add_veth(Veth::to(&b)).map(drop),
        a.lease_port(Tcp, PortRange::new(1024..=2000)?).map(drop),
        a.link_up("eth0"),
        a.set_mtu("eth0", 1400),
        a.set_mac("eth0", "02:00:00:00:00:99".parse()?),
        a.set_offloads("eth0", false),
        a.add_address("eth0", elsewhere),
        a.remove_address("eth0", elsewhere),
        a.addresses("eth0").map(drop),
        a.set_sysctl("net.ipv4.ip_forward", "1"),
        a.add_rule(NewRule::lookup(100)),
        a.remove_rule(NewRule::lookup(100)),
        a.rules().map(drop),
        a.set_neighbour("eth0", b.addr(), "02:00:00:00:00:99".parse()?),
        a.fdb().map(drop),
        a.remove_device("eth0"),
        a.set_resolvers([b.addr()]),
        a.nat(&Nat::home().outside("eth0")),
        a.flush_nat(),
        a.nat_mappings().map(drop),
        a.firewall(&Firewall::new()),
        a.remove_firewall(),
        a.firewall_counters().map(drop),
        a.suspend(),
        a.resume(),
        a.reflector(3478).map(drop),
        a.namespace().map(drop),
        a.ping(&b).run().map(drop),
        a.arping(&b).run().map(drop),
        a.echo(&b, Protocol::Tcp, 7).run().map(drop),
        a.trace(&b).run().map(drop),
        a.path_mtu(&b).run().map(drop),
        matrix(&[a.clone(), b.clone()]).run().map(drop),
    ] {
        let gone = gone.unwrap_err();
        assert!(matches!(gone.downcast_ref(), Some(LabError::Gone { host }) if host == "a"), "{gone}");
    }
    // The declaration is still known, and a socket still holds its namespace.
    assert_eq!(a.devices()?.len(), 1);
    drop(listener);
    Ok(())
}

#[netns_test]
fn mistakes_are_told_before_the_kernel_is_touched(mut lab: Lab) -> TestResult {
    let before = std::fs::read_to_string("/proc/net/dev")?.lines().count();
    let a = lab.host("a");
    let _second = lab.host("a");
    let error = lab.up().unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(LabError::BadName { name, .. }) if name == "a"), "{error}");
    assert!(matches!(a.tcp_listener(1).unwrap_err().downcast_ref(), Some(LabError::NotUp { .. })));

    let deadline = Deadline::after(Duration::from_secs(5));
    let mut one = Lab::new(&AddressPlan::default(), deadline);
    let mut other = Lab::new(&AddressPlan::default(), deadline);
    let (here, there) = (one.host("here"), other.host("there"));
    one.link(&here, &there);
    assert_eq!(one.up().unwrap_err().to_string(), "cannot use the host \"there\" here: it was declared in another lab");

    // Also in a lab without its own hosts.
    let mut nobody = Lab::new(&AddressPlan::default(), deadline);
    nobody.link(&here, &there);
    let both = nobody.up().unwrap_err();
    assert!(matches!(both.downcast_ref(), Some(LabError::Several(mistakes)) if mistakes.len() == 2), "{both}");
    assert!(both.to_string().contains("- cannot use the host \"here\" here: it was declared in another lab"), "{both}");

    let mut late = Lab::new(&AddressPlan::default(), deadline);
    late.host("early");
    late.up()?;
    late.host("late");
    assert!(format!("{:#}", late.up().unwrap_err()).contains("\"late\": the lab is up already"));
    let (early, switch) = (late.host("early"), late.switch("switch"));
    // The first error reports the names above.
    assert!(late.up().is_err());
    late.gateway(&early, &early);
    assert!(format!("{:#}", late.up().unwrap_err()).contains("a gateway of early"));
    switch.subnet(&mut late, Ipv4Net::default(), Ipv6Net::default());
    assert!(format!("{:#}", late.up().unwrap_err()).contains("a subnet of switch"));
    assert_eq!(std::fs::read_to_string("/proc/net/dev")?.lines().count(), before);
    Ok(())
}

/// The kernel returns ENOSPC at the limit, and while it destroys earlier namespaces.
#[netns_test]
fn a_limit_on_namespaces_is_waited_for_until_the_deadline_and_then_told(mut lab: Lab) -> TestResult {
    // The test's own namespace, and two more.
    std::fs::write("/proc/sys/user/max_net_namespaces", "3")?;
    for name in ["a", "b"] {
        lab.host(name);
    }
    lab.up()?;
    let mut too_many = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_millis(300)));
    too_many.host("c");
    let error = too_many.up().unwrap_err();
    assert!(format!("{error:#}").contains("user.max_net_namespaces is reached"), "{error}");
    // Once the kernel has destroyed the first two, there is room again.
    drop(lab);
    let mut again = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(20)));
    again.host("d");
    again.up()?;
    Ok(())
}

/// A bring-up that fails half-way leaves no namespace: the limit then allows as many as before.
#[netns_test]
fn a_bring_up_that_fails_leaves_nothing() -> TestResult {
    std::fs::write("/proc/sys/user/max_net_namespaces", "4")?;
    for _ in 0..5 {
        let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_millis(50)));
        for name in ["a", "b", "c", "d", "e"] {
            lab.host(name);
        }
        assert!(lab.up().is_err());
    }
    let mut fits = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(20)));
    for name in ["a", "b", "c"] {
        fits.host(name);
    }
    fits.up()?;
    Ok(())
}

/// Returns the longest time between two turns of another task of this runtime, and the whole time, while a lab comes up.
async fn longest_pause<R>(bring_up: impl AsyncFnOnce() -> R) -> TestResult<(Duration, Duration, R)> {
    let longest = Arc::new(Mutex::new((Instant::now(), Duration::ZERO)));
    let turn = |longest: &Mutex<(Instant, Duration)>| {
        let mut longest = longest.lock().unwrap_or_else(PoisonError::into_inner);
        *longest = (Instant::now(), longest.1.max(longest.0.elapsed()));
        longest.1
    };
    let other = tokio::spawn({
        let longest = Arc::clone(&longest);
        async move {
            loop {
                turn(&longest);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    tokio::task::yield_now().await;
    let began = Instant::now();
    let result = bring_up().await;
    let whole = began.elapsed();
    other.abort();
    Ok((turn(&longest), whole, result))
}

/// Duplicate address detection takes a second or more, which distinguishes a blocked runtime from a busy machine.
#[netns_test]
async fn a_lab_that_comes_up_leaves_a_runtime_of_one_thread_to_other_tasks(context: TestContext) -> TestResult {
    let declared = || -> TestResult<Lab> {
        let mut lab = Lab::set_up(&context)?;
        let [a, b] = ["a", "b"].map(|name| lab.host(name));
        lab.link(&a, &b).detect_duplicates();
        Ok(lab)
    };
    let mut lab = declared()?;
    let (pause, whole, up) = longest_pause(async || lab.up_async().await).await?;
    up?;
    assert!(whole > Duration::from_millis(500) && pause < whole / 2, "paused for {pause:?} of {whole:?}");
    lab.find("a")?.ping(&lab.find("b")?).run_async().await?.expect_all()?;

    // The control: the blocking form blocks the thread.
    let mut lab = declared()?;
    let (pause, whole, up) = longest_pause(async || lab.up()).await?;
    up?;
    assert!(pause >= whole, "paused for {pause:?} of {whole:?}");
    Ok(())
}

/// A dropped future leaves the lab as it was, with its declarations, and it can come up again.
#[netns_test]
async fn a_lab_whose_future_was_dropped_can_come_up_again(mut lab: Lab) -> TestResult {
    let [a, b] = ["a", "b"].map(|name| lab.host(name));
    lab.link(&a, &b);
    let dropped = tokio::time::timeout(Duration::ZERO, lab.up_async()).await;
    assert!(dropped.is_err(), "it came up at once");
    let refused = a.devices().unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(LabError::NotUp { .. })), "{refused}");
    let c = lab.host("c");
    lab.link(&a, &c);
    lab.up_async().await?;
    for other in [&b, &c] {
        a.ping(other).run_async().await?.expect_all()?;
    }
    Ok(())
}

#[netns_test]
async fn the_ready_shapes_come_up_in_an_async_test(pair: Pair, lan: Lan<3>, routed: Routed) -> TestResult {
    pair.client.ping(&pair.server).run_async().await?.expect_all()?;
    lan.hosts[0].ping(&lan.hosts[2]).run_async().await?.expect_all()?;
    routed.client.ping(&routed.server).run_async().await?.expect_all()?;
    Ok(())
}
