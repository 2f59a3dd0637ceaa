//! The examples of docs/networks.md, the presets of docs/networks-outside.md, and the network helpers of Neutron in our form: each row of docs/from-neutron.md about networks is a
//! test.

#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::thread;

use netns_fixtures::net::address::{IpNet, MacAddr, offset_address};
use netns_fixtures::net::condition::Preset;
use netns_fixtures::net::link::{Bridge, MacVtap, Veth, Vlan};
use netns_fixtures::net::{LabError, Lan, Pair};
use netns_fixtures::prelude::*;
use netns_fixtures::{BoxError, Fixture, TestContext};

#[netns_test]
fn the_server_answers(net: Pair) -> TestResult {
    let listener = net.server.tcp_listener(80)?;
    let client = net.client.tcp_connect((net.server.ipv6(), 80))?;
    assert_eq!(listener.accept()?.1, client.local_addr()?);
    Ok(())
}

/// Two hosts, of which the server has a second address.
struct Office(Pair);

impl Fixture for Office {
    fn set_up(context: &TestContext) -> Result<Self, BoxError> {
        let net = Pair::set_up(context)?;
        net.server.add_address("eth0", "192.0.2.7/24".parse()?)?;
        Ok(Self(net))
    }
}

#[netns_test]
fn the_server_has_a_second_address(office: Office) -> TestResult {
    let Office(net) = &office;
    assert!(net.server.device("eth0")?.addresses.contains(&"192.0.2.7/24".parse()?));
    Ok(())
}

#[netns_test]
fn two_offices(mut lab: Lab) -> TestResult {
    let [berlin, paris] = ["berlin", "paris"].map(|name| lab.router(name));
    let office = lab.switch("office");
    let [alice, bob] = ["alice", "bob"].map(|name| lab.host(name));
    for host in [&alice, &bob, &berlin] {
        lab.link(host, office.as_host());
    }
    lab.link(&berlin, &paris).named("uplink").mtu(1400).devices("wan0", "wan0");
    for host in [&alice, &bob] {
        lab.gateway(host, &berlin);
    }
    lab.up()?;

    // Paris replies through Berlin; it knows one address of Berlin in each family.
    for (office, berlin) in alice.device("eth0")?.addresses.iter().zip(&berlin.device("wan0")?.addresses) {
        paris.add_route(office.trunc(), berlin.addr())?;
    }
    let _server = paris.tcp_listener(80)?;
    for host in [&alice, &bob] {
        for address in [IpAddr::from(paris.ipv4()), paris.ipv6().into()] {
            host.tcp_connect((address, 80))?;
        }
    }
    Ok(())
}

/// The thread outlives the closure, as the threads of a library do.
#[netns_test]
fn a_thread_that_a_closure_starts_stays_in_the_host(net: Pair) -> TestResult {
    let where_it_is = || Namespace::current().map(|namespace| namespace.inode());
    let started = net.server.run(|| thread::spawn(where_it_is))?;
    let inside = started.join().map_err(|_| "the thread has panicked")??;
    assert_eq!(inside, net.server.namespace()?.inode());
    assert_ne!(inside, where_it_is()?, "the test's own thread is elsewhere");
    Ok(())
}

#[netns_test]
fn increment_ip_cidr() -> TestResult {
    let address: IpNet = "192.0.2.10/24".parse()?;
    assert_eq!(offset_address(address, 1)?.to_string(), "192.0.2.11/24");
    // The offset address would be outside the network, or be the network's own or broadcast address.
    for offset in [-10, -11, 245, 246] {
        assert!(offset_address(address, offset).is_err(), "{offset}");
    }
    Ok(())
}

#[netns_test]
fn set_namespace_gateway(net: Pair) -> TestResult {
    net.client.set_default_gateway(net.server.ipv4())?;
    let default: IpNet = "0.0.0.0/0".parse()?;
    let gateways: Vec<_> = net.client.routes()?.into_iter().filter(|route| route.destination == default).collect();
    assert_eq!(gateways.len(), 1);
    assert_eq!(gateways[0].gateway, Some(net.server.addr()));
    // Only hosts have this method; it does not add a default route to the test's network or the machine.
    assert!(
        !std::fs::read_to_string("/proc/net/route")?
            .lines()
            .skip(1)
            .any(|line| line.split('\t').nth(1) == Some("00000000"))
    );
    Ok(())
}

#[netns_test(requires(vlan))]
fn create_vlan_interface(net: Pair) -> TestResult {
    let (mac, address): (MacAddr, IpNet) = ("02:00:00:00:00:11".parse()?, "192.0.2.1/24".parse()?);
    let device = net.client.add_device(Vlan::on("eth0", 100).mac(mac).address(address))?;
    assert_eq!((device.name.as_str(), device.mac), ("eth0.100", mac));
    Ok(())
}

#[netns_test]
fn named_veth_fixture(net: Pair) -> TestResult {
    let [near, far] = net.client.add_veth(Veth::to(&net.server).named("tap-a").peer_named("tap-b"))?;
    assert_eq!((near.name.as_str(), far.name.as_str()), ("tap-a", "tap-b"));
    // A taken name is an error that names it, and never replaces another device.
    let taken = net.client.add_veth(Veth::to(&net.server).named("tap-a")).unwrap_err();
    assert!(
        matches!(taken.downcast_ref(), Some(LabError::DuplicateDevice { device, .. }) if device == "tap-a"),
        "{taken}"
    );
    Ok(())
}

#[netns_test]
fn macvtap_fixture(net: Pair) -> TestResult {
    let device = net.client.add_device(MacVtap::on("eth0").named("macvtap-a"))?;
    assert_eq!(net.client.device("macvtap-a")?, device);
    Ok(())
}

/// A port of an existing bridge, or of one that is created for it.
#[netns_test]
fn port_fixture_and_linux_bridge_port_fixture(mut lab: Lab) -> TestResult {
    let (mac, switch) = ("02:00:00:00:00:22".parse()?, lab.switch("bridge"));
    let [port, other] = ["port", "other"].map(|name| lab.host(name));
    lab.link(&port, switch.as_host());
    lab.link(&other, switch.as_host());
    lab.up()?;
    // `set_port_mac_address` retries until it reads back the address; here one request to the kernel suffices.
    port.set_mac("eth0", mac)?;
    let _server = port.tcp_listener(80)?;
    other.tcp_connect((port.addr(), 80))?;
    assert!(other.neighbours()?.iter().any(|neighbour| neighbour.mac == Some(mac)));
    Ok(())
}

#[netns_test]
fn linux_bridge_fixture(lan: Lan<2>, mut lab: Lab) -> TestResult {
    // In its own namespace, after its two ports.
    assert_eq!(lan.switch.as_host().devices()?[2].name.as_str(), "br0");
    // In an existing host, under a chosen name.
    let host = lab.host("host");
    lab.device(&host, Bridge::new().named("br-int"));
    lab.up()?;
    assert_eq!(host.device("br-int")?.name.as_str(), "br-int");
    Ok(())
}

/// A veth pair in place of a bridge with two ports: a link has two ends, so a third cannot be requested.
#[netns_test]
fn veth_bridge(mut lab: Lab) -> TestResult {
    let [one, other] = ["one", "other"].map(|name| lab.host(name));
    lab.link(&one, &other);
    lab.up()?;
    let _server = one.tcp_listener(80)?;
    other.tcp_connect((one.addr(), 80))?;
    lab.link(&one, &other);
    assert!(matches!(lab.up().unwrap_err().downcast_ref(), Some(LabError::AlreadyUp { .. })));
    Ok(())
}

/// The guide has each number of each preset.
#[test]
fn the_guide_has_the_numbers_of_the_presets() {
    let guide = include_str!("../../docs/networks-outside.md");
    for preset in Preset::ALL {
        let (down, up) = (preset.down(), preset.up());
        let parts = |text: String| text.split(", ").map(str::to_owned).collect::<Vec<_>>();
        let (of_down, of_up) = (parts(down.to_string()), parts(up.to_string()));
        let different: Vec<_> =
            of_up.iter().filter(|part| !of_down.contains(part)).map(|part| format!(" {part}")).collect();
        let row = format!("\n| `{preset:?}` | {down} |{} | ", different.join(","));
        assert!(guide.contains(&row), "docs/networks-outside.md lacks {row}");
    }
}
