//! Tests features of a running host other than TCP and UDP: raw and packet sockets, futures, neighbours, routes, and changes of its
//! devices. Each is observed from the other end of the link.

#![forbid(unsafe_code)]

mod changes;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::time::Duration;

use netns_fixtures::net::address::{IpNet, Ipv4Net, MacAddr};
use netns_fixtures::net::{LabError, NameError, NewRoute, NewRule, Pair, Routed};
use netns_fixtures::prelude::*;
use netns_fixtures::process::{Capability, Stdio};
use netns_fixtures::requirements::require_program;
use netns_fixtures::{Error, ErrorKind};
use netns_tests::traffic::{PATIENCE, frame, sent_is_heard};
use netns_tests::witness::ip;
use nix::sys::socket::{MsgFlags, SockaddrStorage, recvfrom, sendto};
use rtnetlink::LinkUnspec;

fn is_experiment(frame: &[u8]) -> bool {
    frame[12..14] == [0x88, 0xb5]
}

#[netns_test]
fn a_packet_socket_sends_and_hears_whole_frames(net: Pair) -> TestResult {
    let mut here = File::from(net.client.packet_socket("eth0")?);
    let mut there = File::from(net.server.packet_socket("eth0")?);
    let sent = frame(net.server.mac("eth0")?, net.client.mac("eth0")?);
    assert!(sent_is_heard(PATIENCE, &mut here, Some(&mut there), &sent)?);
    let unknown = net.client.packet_socket("eth9").unwrap_err();
    assert!(matches!(unknown.downcast_ref(), Some(LabError::NoSuchDevice { .. })), "{unknown}");
    Ok(())
}

#[netns_test]
async fn tokio_waits_for_a_packet_socket(net: Pair) -> TestResult {
    let there = net.server.tokio_descriptor(net.server.packet_socket("eth0")?)?;
    let sent = frame(net.server.mac("eth0")?, net.client.mac("eth0")?);
    let (mut here, to_send) = (File::from(net.client.packet_socket("eth0")?), sent.clone());
    let sender = tokio::spawn(async move { here.write_all(&to_send) });
    let mut heard = [0; 1514];
    let length = loop {
        let mut ready = there.readable().await?;
        match ready.try_io(|socket| Ok(nix::unistd::read(socket, &mut heard)?)) {
            Ok(length) if is_experiment(&heard) => break length?,
            Ok(_) | Err(_) => {}
        }
    };
    assert_eq!(heard[..length], sent);
    sender.await??;
    Ok(())
}

#[netns_test]
fn a_raw_socket_hears_its_protocol_and_no_other(net: Pair) -> TestResult {
    for (from, to) in [
        (net.client.ipv4().into(), net.server.ipv4().into()),
        (net.client.ipv6().into(), IpAddr::from(net.server.ipv6())),
    ] {
        // RFC 3692: 253 is for experiments. 254 is the control.
        let (here, there) = (net.client.raw_socket(from, 253)?, net.server.raw_socket(to, 253)?);
        let other = net.server.raw_socket(to, 254)?;
        let address = SockaddrStorage::from(std::net::SocketAddr::new(to, 0));
        assert_eq!(sendto(here.as_raw_fd(), b"raw", &address, MsgFlags::empty())?, 3);
        let mut heard = [0; 64];
        let (length, _) = recvfrom::<SockaddrStorage>(there.as_raw_fd(), &mut heard)?;
        assert!(heard[..length].ends_with(b"raw"));
        let silence = nix::sys::socket::recv(other.as_raw_fd(), &mut heard, MsgFlags::MSG_DONTWAIT);
        assert_eq!(silence, Err(nix::errno::Errno::EAGAIN));
    }
    Ok(())
}

#[netns_test]
async fn a_spawned_future_lives_in_its_host(net: Pair) -> TestResult {
    let inode = net.server.namespace()?.inode();
    let inside = net.server.spawn(async { Namespace::current().map(|own| own.inode()) })?;
    assert_eq!(inside.await??, inode);
    assert_ne!(Namespace::current()?.inode(), inode);

    // A server as a task; an aborted one releases its port.
    let server = net.server.spawn(async {
        let listener = tokio::net::TcpListener::bind(("::", 80)).await?;
        listener.accept().await
    })?;
    let address = (net.server.ipv6(), 80);
    while net.client.tokio_tcp_connect(address).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(server.await?.is_ok());
    let panicked = net.server.spawn(async { assert_eq!(1, 2, "as in any task") })?;
    assert!(panicked.await.unwrap_err().is_panic());
    let endless = net.server.spawn(std::future::pending::<()>())?;
    endless.abort();
    assert!(endless.await.unwrap_err().is_cancelled());
    Ok(())
}

#[netns_test]
async fn rtnetlink_speaks_of_the_host(net: Pair) -> TestResult {
    let route = net.server.rtnetlink()?;
    route.rule().add().v4().table_id(100).priority(4711).execute().await?;
    let rules = |host: &Host| host.command("ip").and_then(|mut ip| ip.args(["rule", "show"]).output());
    require_program("ip")?;
    assert!(rules(&net.server)?.stdout.text().contains("4711:"), "{}", rules(&net.server)?.stdout.text());
    assert!(!rules(&net.client)?.stdout.text().contains("4711:"));
    let too_small = LinkUnspec::new_with_index(net.server.device("eth0")?.index).mtu(1).build();
    let refused = route.link().set(too_small).execute().await.unwrap_err();
    let rtnetlink::Error::NetlinkError(refused) = refused else { panic!("{refused}") };
    // The extended acknowledgement stands behind the header of the request.
    let sentence = b"mtu less than device minimum";
    assert!(refused.header.windows(sentence.len()).any(|part| part == sentence), "{refused:?}");
    Ok(())
}

#[netns_test]
fn a_neighbour_is_learned_entered_and_forgotten(net: Pair) -> TestResult {
    let (client, server) = (&net.client, &net.server);
    for address in [IpAddr::from(server.ipv4()), server.ipv6().into()] {
        let known = |host: &Host| host.neighbours().map(|all| all.into_iter().find(|one| one.address == address));
        assert_eq!(known(client)?, None);
        client.tcp_connect((address, 9)).expect_err("nobody listens, but the neighbour was found");
        let learned = known(client)?.expect("the neighbour was found");
        assert_eq!((learned.mac, learned.is_permanent), (Some(server.mac("eth0")?), false));

        // A wrong entry makes the address unreachable, a correct one reachable.
        client.set_neighbour("eth0", address, "02:00:00:00:00:99".parse()?)?;
        let before = server.statistics("eth0")?;
        client.udp_socket(0)?.send_to(b"to nobody", (address, 9))?;
        assert!(known(client)?.is_some_and(|one| one.is_permanent));
        client.set_neighbour("eth0", address, server.mac("eth0")?)?;
        let socket = server.udp_socket(9)?;
        client.udp_socket(0)?.send_to(b"to the server", (address, 9))?;
        let mut heard = [0; 16];
        let (length, _) = socket.recv_from(&mut heard)?;
        assert_eq!(&heard[..length], b"to the server", "the first one went to another MAC address");
        assert!(server.statistics("eth0")?.rx_packets > before.rx_packets);

        client.remove_neighbour("eth0", address)?;
        assert_eq!(known(client)?.and_then(|one| one.mac), None);
        client.remove_neighbour("eth0", "198.51.100.77".parse::<IpAddr>()?).expect_err("it was never known");
    }
    Ok(())
}

#[netns_test]
fn a_mac_that_is_changed_is_the_one_that_others_find(net: Pair) -> TestResult {
    let mac: MacAddr = "02:00:00:00:00:99".parse()?;
    net.server.set_mac("eth0", mac)?;
    assert_eq!(net.server.mac("eth0")?, mac);
    let _listener = net.server.tcp_listener(80)?;
    net.client.tcp_connect((net.server.ipv4(), 80))?;
    assert!(net.client.neighbours()?.iter().any(|neighbour| neighbour.mac == Some(mac)));
    let group = net.server.set_mac("eth0", "01:00:5e:00:00:01".parse()?).unwrap_err();
    assert!(group.to_string().contains("the MAC address of eth0 to 01:00:5e:00:00:01 of \"server\""), "{group}");
    assert_eq!(net.server.mac("eth0")?, mac);
    Ok(())
}

#[netns_test]
fn routes_lead_where_they_say(net: Routed) -> TestResult {
    let elsewhere: IpNet = "192.0.2.0/24".parse()?;
    net.server.add_address("eth0", "192.0.2.1/24".parse()?)?;
    let _listener = net.server.tcp_listener(80)?;
    let there = ("192.0.2.1".parse::<IpAddr>()?, 80);
    // The client's default route leads to the router, which has no route to that network.
    assert!(net.client.tcp_connect(there).is_err());
    net.router.add_route(elsewhere, net.server.ipv4())?;
    net.client.tcp_connect(there)?;
    let route = net.router.routes()?.into_iter().find(|route| route.destination == elsewhere).expect("it was added");
    assert_eq!((route.gateway, route.device), (Some(net.server.ipv4().into()), Some(net.router.device("eth1")?.index)));
    assert!(net.router.add_route(elsewhere, net.server.ipv4()).is_err());
    net.router.remove_route(elsewhere, net.server.ipv4())?;
    assert!(net.client.tcp_connect(there).is_err());
    assert!(net.router.remove_route(elsewhere, net.server.ipv4()).is_err());

    let mixed = net.router.add_route(elsewhere, net.server.ipv6()).unwrap_err();
    assert!(matches!(mixed.downcast_ref(), Some(LabError::FamilyMismatch { host, .. }) if host == "router"), "{mixed}");
    let unreachable = net.client.set_default_gateway("203.0.113.1".parse::<IpAddr>()?).unwrap_err();
    assert!(unreachable.to_string().contains("203.0.113.1 of \"client\""), "{unreachable}");
    Ok(())
}

/// Returns the addresses that the C library finds for a name in a host, in a thread and in a program.
fn looked_up(host: &Host, name: &str) -> TestResult<[BTreeSet<IpAddr>; 2]> {
    let by_thread =
        host.run(|| (name, 80).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect()))?;
    let output = host.command("getent")?.args(["ahosts", name]).output()?;
    let text = output.stdout.text();
    let by_program = text.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    Ok([by_thread.unwrap_or_default(), by_program])
}

#[netns_test]
fn each_host_has_names_of_its_own(net: Pair) -> TestResult {
    require_program("getent")?;
    let machines = std::fs::read_to_string("/etc/hosts")?;
    let folder = std::env::current_dir()?;
    let mut file = tempfile::NamedTempFile::new_in("/tmp")?;
    file.write_all(b"of the machine")?;
    let mut reader = net.client.command("sh")?;
    reader.args(["-c", "read -r path && exec cat \"$path\""]).stdin(Stdio::piped());
    let mut reader = reader.spawn()?;
    net.client.set_hosts([("www.example.test", net.server.addr()), ("www.example.test", net.server.ipv6().into())])?;
    let both = BTreeSet::from([net.server.addr(), net.server.ipv6().into()]);
    assert_eq!(looked_up(&net.client, "www.example.test")?, [both.clone(), both]);
    let other: IpAddr = "198.51.100.7".parse()?;
    net.server.set_hosts([("www.example.test", other)])?;
    assert_eq!(looked_up(&net.server, "www.example.test")?, [BTreeSet::from([other]), BTreeSet::from([other])]);
    reader.write_line(&file.path().display().to_string())?;
    let recorded = netns_fixtures::journal::entries();
    assert!(recorded.iter().any(|entry| entry.to_string().contains("client: applied write: the file /etc/hosts")));
    // A rewrite replaces the entries.
    net.client.set_hosts([("mail.example.test", other)])?;
    assert_eq!(looked_up(&net.client, "mail.example.test")?[1], BTreeSet::from([other]));
    // localhost twice, the name, and the host's own name with both of its addresses.
    assert_eq!(net.client.run(|| std::fs::read_to_string("/etc/hosts"))??.lines().count(), 5);
    // The controls: the files of the test and of the machine are unchanged, and programs and threads still use them.
    assert_eq!(std::fs::read_to_string("/etc/hosts")?, machines);
    assert_eq!(std::env::current_dir()?, folder);
    let inside = net.client.command("readlink")?.arg("/proc/self/cwd").output()?.success()?;
    assert_eq!(inside.stdout.text().trim_end(), folder.display().to_string());
    assert_eq!(net.client.run(std::env::current_dir)??, folder);
    reader.close_stdin();
    assert_eq!(
        reader.wait_with_output()?.checked()?.stdout.text(),
        "of the machine",
        "a program from before sees the same folder"
    );

    for bad in ["", "a b", "two\nlines", "-x"] {
        let refused = net.client.set_hosts([(bad, other)]).unwrap_err();
        assert!(matches!(refused.downcast_ref(), Some(NameError { of: "host", name, .. }) if name == bad), "{refused}");
    }
    Ok(())
}

#[netns_test]
async fn a_lab_names_all_its_hosts(net: Routed) -> TestResult {
    net.lab.name_hosts()?;
    for (from, name, to) in [(&net.client, "server", &net.server), (&net.server, "router", &net.router)] {
        let found = &looked_up(from, name)?[0];
        assert!(found.contains(&to.addr()) && found.contains(&to.ipv6().into()), "{found:?}");
    }
    // Futures of a host see it too, on whichever thread the runtime resolves a name.
    let found = net.client.spawn(async { tokio::net::lookup_host(("server", 80)).await.map(|mut all| all.next()) })?;
    assert!(found.await??.is_some());
    assert!(("server", 80).to_socket_addrs().is_err(), "the test itself has no such name");
    Ok(())
}

#[netns_test]
fn a_host_asks_the_resolvers_that_it_was_given(net: Pair) -> TestResult {
    require_program("getent")?;
    net.client.set_resolvers([net.server.addr()])?;
    let text = net.client.run(|| std::fs::read_to_string("/etc/resolv.conf"))??;
    assert_eq!(text, format!("nameserver {}\n", net.server.ipv4()));
    // The C library asks the configured server.
    let server = net.server.udp_socket(53)?;
    let mut getent = net.client.command("getent")?;
    getent.args(["ahostsv4", "name.example.test"]);
    let child = getent.spawn()?;
    let mut question = [0; 512];
    let (length, _) = server.recv_from(&mut question)?;
    assert!(question[..length].windows(13).any(|part| part == b"\x04name\x07example"), "{:?}", &question[..length]);
    drop(child);
    Ok(())
}

/// The kernel sends a long list in parts, and a change between two parts may drop entries.
#[netns_test]
fn a_list_is_whole_while_it_changes(net: Pair) -> TestResult {
    require_program("ip")?;
    let address = |number: u32| IpNet::from(Ipv4Net::from(Ipv4Addr::from_bits(0xc612_1000 + 4 * number)));
    let batch = |what: &str, numbers: Range<u32>| -> Result<_, Error> {
        let mut ip = net.client.command("ip")?;
        ip.args(["-batch", "-"]).keep_capabilities([Capability::NET_ADMIN]).stdin(Stdio::piped());
        let mut ip = ip.spawn()?;
        for number in numbers {
            ip.write_line(&format!("address {what} {} dev eth0", address(number)))?;
        }
        ip.wait()
    };
    let (mut changes, mut before) = (0, 0);
    // On a busy machine all changes may happen before the first read.
    for _ in 0..5 {
        batch("add", 1..1000)?;
        std::thread::scope(|scope| -> TestResult {
            let removing = scope.spawn(|| batch("delete", 1..600));
            loop {
                let is_last = removing.is_finished();
                let shown = net.client.addresses("eth0")?;
                let missing: Vec<_> = (600..1000).map(address).filter(|address| !shown.contains(address)).collect();
                assert_eq!(missing, [], "nobody has removed them");
                changes += usize::from(![before, 401, 1001].contains(&shown.len()));
                before = shown.len();
                if is_last {
                    removing.join().map_err(|_| "the thread panicked")??;
                    return Ok(());
                }
            }
        })?;
        batch("delete", 600..1000)?;
    }
    // The control: there were changes that could break the list.
    assert!(changes > 0);
    Ok(())
}

#[netns_test]
async fn what_the_kernel_shows_is_not_taken_for_something_else(net: Pair) -> TestResult {
    require_program("ip")?;
    let ip = |words: &str| -> TestResult {
        let mut ip = net.client.command("ip")?;
        ip.args(words.split(' ')).keep_capabilities([Capability::NET_ADMIN]).output()?.success()?;
        Ok(())
    };
    let gateways = |destination: &str| -> TestResult<BTreeSet<String>> {
        let destination: IpNet = destination.parse()?;
        let routes = net.client.routes()?.into_iter().filter(|route| route.destination == destination);
        Ok(routes.map(|route| format!("{:?} {:?}", route.gateway, route.device)).collect())
    };
    let index = net.client.device("eth0")?.index;
    let of = |gateway: &str| -> TestResult<String> {
        Ok(format!("{:?} {:?}", Some(gateway.parse::<IpAddr>()?), Some(index)))
    };
    ip("route add 203.0.113.0/24 nexthop via 198.18.0.2 dev eth0 nexthop via 198.18.0.9 dev eth0")?;
    assert_eq!(gateways("203.0.113.0/24")?, BTreeSet::from([of("198.18.0.2")?, of("198.18.0.9")?]));
    ip("route add 2001:db8:7::/48 nexthop via fe80::2 dev eth0 nexthop via fe80::9 dev eth0")?;
    assert_eq!(gateways("2001:db8:7::/48")?, BTreeSet::from([of("fe80::2")?, of("fe80::9")?]));
    ip("route add 198.51.100.0/24 via inet6 fe80::2 dev eth0")?;
    assert_eq!(gateways("198.51.100.0/24")?, BTreeSet::from([of("fe80::2")?]));
    ip("address add 10.0.0.1 peer 10.0.0.2/32 dev eth0")?;
    let shown = net.client.addresses("eth0")?;
    assert!(shown.contains(&"10.0.0.1/32".parse()?) && !shown.contains(&"10.0.0.2/32".parse()?), "{shown:?}");
    // A foreign route with another metric does not change the gateway.
    ip("route add default via 198.18.0.9 metric 200")?;
    net.client.set_default_gateway(net.server.ipv4())?;
    assert_eq!(gateways("0.0.0.0/0")?, BTreeSet::from([of("198.18.0.2")?, of("198.18.0.9")?]));
    Ok(())
}

#[netns_test]
fn marked_packets_take_the_way_of_their_rule(mut lab: Lab) -> TestResult {
    let [client, one, other] = ["client", "one", "other"].map(|name| lab.host(name));
    for server in [&one, &other] {
        lab.link(&client, server);
    }
    lab.up()?;
    let service: IpNet = "192.0.2.1/32".parse()?;
    for server in [&one, &other] {
        server.add_address("lo", service)?;
    }
    client.set_default_gateway(one.ipv4())?;
    client.insert_route(NewRoute::default_via(other.ipv4()).table(1000))?;
    client.add_rule(NewRule::lookup(1000).mark(7).priority(99))?;
    client.add_rule(NewRule::lookup(1000).from(IpNet::from(IpAddr::from(client.ipv4_towards(&other)?))))?;
    let rules = ip(&client, "rule show")?;
    assert!(rules.contains("99:\tfrom all fwmark 0x7 lookup 1000"), "{rules}");
    assert!(ip(&client, "-6 rule show")?.contains("fwmark 0x7 lookup 1000"));
    assert!(rules.contains(&format!("from {} lookup 1000", client.ipv4_towards(&other)?)), "{rules}");
    assert!(ip(&client, "route show table 1000")?.contains(&format!("default via {}", other.ipv4())));
    // The packets follow the rules.
    let reached = |mark: u32| -> TestResult<bool> {
        let socket = client.udp_socket(0)?;
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::Mark, &mark)?;
        let heard = other.udp_socket(53)?;
        heard.set_read_timeout(Some(if mark == 7 { PATIENCE } else { Duration::from_millis(100) }))?;
        socket.send_to(b"?", ("192.0.2.1", 53))?;
        Ok(heard.recv(&mut [0; 4]).is_ok())
    };
    assert!(!reached(0)?, "the control: without the mark it goes to the other one");
    assert!(reached(7)?);
    assert_eq!(client.routes_of(1000)?.len(), 1);
    assert!(client.rules()?.iter().any(|rule| rule.mark == Some(7) && rule.table == 1000 && rule.priority == 99));

    let twice = client.add_rule(NewRule::lookup(1000).mark(7).priority(99)).unwrap_err();
    assert_eq!(twice.raw_os_error(), Some(nix::libc::EEXIST), "{twice}");
    assert!(ip(&client, "rule show")?.contains("fwmark 0x7"), "what was there stays");
    client.remove_rule(NewRule::lookup(1000).mark(7).priority(99))?;
    assert!(!ip(&client, "rule show")?.contains("fwmark 0x7"));
    let none = client.remove_rule(NewRule::lookup(1000).mark(7)).unwrap_err();
    assert_eq!(none.raw_os_error(), Some(nix::libc::ENOENT), "{none}");
    for wrong in [NewRule::lookup(0), NewRule::lookup(5).from(service).to("2001:db8::/64".parse::<IpNet>()?)] {
        assert_eq!(client.add_rule(wrong).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    Ok(())
}

#[netns_test]
fn routes_of_all_kinds_are_what_the_kernel_shows(mut lab: Lab) -> TestResult {
    let [client, one, other] = ["client", "one", "other"].map(|name| lab.host(name));
    for server in [&one, &other] {
        lab.link(&client, server);
    }
    lab.up()?;
    let net = |text: &str| text.parse::<IpNet>();
    // Through two gateways, one of each family.
    client.insert_route(NewRoute::to(net("192.0.2.0/24")?).via(one.ipv4()).via(other.ipv4()))?;
    client.insert_route(NewRoute::to(net("2001:db8:7::/64")?).via(one.ipv6()).via(other.ipv6()))?;
    let shown = ip(&client, "route show 192.0.2.0/24")?;
    assert_eq!(shown.matches("nexthop via").count(), 2, "{shown}");
    let found =
        client.routes()?.into_iter().filter(|route| route.destination == net("2001:db8:7::/64").expect("a net"));
    assert_eq!(found.count(), 2);
    // Through a device alone, as broadcasts and groups need it.
    client.insert_route(NewRoute::to(net("224.0.0.0/4")?).device("eth1"))?;
    assert!(ip(&client, "route show 224.0.0.0/4")?.contains("dev eth1 proto static scope link"));
    // Two default routes.
    client.set_default_gateway(one.ipv4())?;
    let source = client.ipv4_towards(&other)?;
    client.insert_route(NewRoute::default_via(other.ipv4()).metric(50).source(source))?;
    let sources = client.routes()?.into_iter().filter(|route| route.gateway.is_some() && route.metric == 50);
    assert_eq!(sources.map(|route| route.source).collect::<Vec<_>>(), [Some(source.into())]);
    let shown = ip(&client, "route show default")?;
    assert!(shown.contains("metric 50") && shown.lines().count() == 2, "{shown}");
    client.delete_route(NewRoute::default_via(other.ipv4()).metric(50))?;
    assert_eq!(ip(&client, "route show default")?.lines().count(), 1);
    client.delete_route(NewRoute::to(net("192.0.2.0/24")?).via(one.ipv4()).via(other.ipv4()))?;
    assert_eq!(ip(&client, "route show 192.0.2.0/24")?, "");

    let nowhere = client.insert_route(NewRoute::to(net("198.51.100.0/24")?)).unwrap_err();
    assert!(matches!(nowhere.downcast_ref(), Some(LabError::NoNextHop { .. })), "{nowhere}");
    let no_device = client.insert_route(NewRoute::to(net("198.51.100.0/24")?).device("eth7")).unwrap_err();
    assert!(matches!(no_device.downcast_ref(), Some(LabError::NoSuchDevice { .. })), "{no_device}");
    Ok(())
}

/// Without a priority or metric, a removal takes the first of several rules or routes, and no other.
#[netns_test]
fn a_removal_takes_one_of_several_and_says_so(net: Pair) -> TestResult {
    let client = &net.client;
    let rules = |words: &str| -> TestResult<Vec<u32>> {
        let shown = ip(client, words)?;
        let ours = shown.lines().filter(|line| line.contains("lookup 100"));
        Ok(ours.filter_map(|line| line.split(':').next()?.parse().ok()).collect())
    };
    for priority in [20, 10] {
        client.add_rule(NewRule::lookup(100).mark(7).priority(priority))?;
    }
    // The kernel would take this one for a rule without conditions, because it comes first.
    client.add_rule(NewRule::lookup(100).priority(15))?;
    client.remove_rule(NewRule::lookup(100))?;
    assert_eq!((rules("rule show")?, rules("-6 rule show")?), (vec![10, 20], vec![10, 20]));
    client.remove_rule(NewRule::lookup(100).mark(7))?;
    assert_eq!((rules("rule show")?, rules("-6 rule show")?), (vec![20], vec![20]));
    let none = client.remove_rule(NewRule::lookup(100)).unwrap_err();
    assert_eq!((none.kind(), rules("rule show")?), (ErrorKind::NotFound, vec![20]), "{none}");
    // A program has removed the rule of one family: that of the other stays.
    let mut deletion = client.command("ip")?;
    deletion.args(["-6", "rule", "del", "priority", "20"]).keep_capabilities([Capability::NET_ADMIN]);
    deletion.output()?.success()?;
    let half = client.remove_rule(NewRule::lookup(100).mark(7)).unwrap_err();
    assert_eq!((half.raw_os_error(), rules("rule show")?), (Some(nix::libc::ENOENT), vec![20]), "{half}");

    for (family, gateway, elsewhere) in [
        ("-4", net.server.ipv4().into(), "192.0.2.0/24".parse::<IpNet>()?),
        ("-6", IpAddr::from(net.server.ipv6()), "2001:db8:7::/64".parse()?),
    ] {
        let metrics = || -> TestResult<Vec<String>> {
            let shown = ip(client, &format!("{family} route show {elsewhere}"))?;
            Ok(shown
                .lines()
                .filter_map(|line| line.split("metric ").nth(1)?.split(' ').next())
                .map(str::to_owned)
                .collect())
        };
        for metric in [20, 10] {
            client.insert_route(NewRoute::to(elsewhere).via(gateway).metric(metric))?;
        }
        client.delete_route(NewRoute::to(elsewhere).via(gateway))?;
        assert_eq!(metrics()?, ["20"]);
        client.delete_route(NewRoute::to(elsewhere).via(gateway).metric(20))?;
        let none = client.delete_route(NewRoute::to(elsewhere).via(gateway)).unwrap_err();
        assert_eq!(none.raw_os_error(), Some(nix::libc::ESRCH), "{none}");
    }
    Ok(())
}

#[netns_test]
fn hosts_are_found_by_name_and_are_those_of_their_lab(net: Pair, mut lab: Lab) -> TestResult {
    assert_eq!(net.lab.find("server")?, net.server);
    let twin = lab.host("server");
    assert_ne!(twin, net.server, "another lab's host of the same name");
    assert_eq!(lab.find("server")?, twin, "also before it is up");
    let missing = lab.find("client").unwrap_err();
    assert!(format!("{missing:#}").contains("the lab has no host \"client\"; it has server"), "{missing}");
    assert_eq!(net.lab.topology().to_string(), "host client\nhost server\nlink client server\n");
    Ok(())
}
