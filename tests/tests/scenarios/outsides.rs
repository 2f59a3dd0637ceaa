//! Routers with several links: the outside of a translation, and the address that answers. Rows 23, 33, 37 and 57.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use netns_fixtures::net::{Host, Nat, NewRoute, PortMappingProtocol};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

use crate::nat::{PATIENCE, SILENCE, bound};
use crate::traffic::Reflector;

/// The devices of the router: the client is behind the first.
const UPLINKS: [&str; 2] = ["eth1", "eth2"];

/// A client behind a router with two uplinks, each to one server, and the addresses of the router there.
pub(crate) struct Uplinks {
    pub(crate) client: Host,
    pub(crate) router: Host,
    pub(crate) servers: [Host; 2],
    pub(crate) addresses: [IpAddr; 2],
}

pub(crate) fn uplinks(lab: &mut Lab) -> TestResult<Uplinks> {
    let [client, one, two] = ["client", "one", "two"].map(|name| lab.host(name));
    let router = lab.router("router");
    for host in [&client, &one, &two] {
        lab.link(host, &router);
        lab.gateway(host, &router);
    }
    lab.up()?;
    router.set_default_gateway(one.ipv4())?;
    let addresses = [router.ipv4_towards(&one)?.into(), router.ipv4_towards(&two)?.into()];
    Ok(Uplinks { client, router, servers: [one, two], addresses })
}

/// Rows 33, 57: the translation follows the default route to another device.
#[netns_test(requires(nat), deadline = "60s")]
fn a_translation_follows_the_default_route(mut lab: Lab) -> TestResult {
    let Uplinks { client, router, servers, addresses } = uplinks(&mut lab)?;
    let reflectors = [Reflector::on(&servers[0], 3478)?, Reflector::on(&servers[1], 3478)?];
    let seen = || -> TestResult<[IpAddr; 2]> {
        let socket = bound(&client)?;
        Ok([reflectors[0].sees(&socket)?.ip(), reflectors[1].sees(&socket)?.ip()])
    };
    let at_first = [addresses[0], client.addr()];
    let at_second = [client.addr(), addresses[1]];
    router.nat(&Nat::home())?;
    assert_eq!(seen()?, at_first, "the default route leads to the first");
    let flow = bound(&client)?;
    assert_eq!(reflectors[1].sees(&flow)?.ip(), client.addr());
    router.set_default_gateway(servers[1].ipv4())?;
    assert_eq!(reflectors[1].sees(&flow)?.ip(), addresses[1], "a flow that runs is translated too");
    assert_eq!(seen()?, at_second, "the default route is replaced");
    let spare = || NewRoute::default_via(servers[0].ipv4()).metric(100);
    router.insert_route(spare())?;
    assert_eq!(seen()?, at_second, "the spare route waits");
    router.link_down(UPLINKS[1])?;
    assert_eq!(reflectors[0].sees(&bound(&client)?)?.ip(), addresses[0], "the spare route takes over");
    router.link_up(UPLINKS[1])?;
    router.set_default_gateway(servers[1].ipv4())?;
    assert_eq!(seen()?, at_second, "the link is back");
    router.delete_route(NewRoute::default_via(servers[1].ipv4()))?;
    assert_eq!(seen()?, at_first, "the spare route is left");
    router.delete_route(spare())?;
    assert_eq!(seen()?, at_first, "without a default route it stays");

    router.set_default_gateway(servers[1].ipv4())?;
    assert_eq!(seen()?, at_second);
    let second = lab.link_between(&router, &servers[1])?;
    let port = lab.replug(&second, &router, &client)?;
    assert!(client.device(port.name.as_str()).is_ok(), "the second uplink is unplugged");
    router.set_default_gateway(servers[0].ipv4())?;
    assert_eq!(reflectors[0].sees(&bound(&client)?)?.ip(), addresses[0]);
    Ok(())
}

/// Rows 33, 56: translations follow a moved link, also where one cannot.
///
/// The translation of one host cannot follow, and the others follow nevertheless: the link is plugged in elsewhere by then.
#[netns_test(requires(nat), deadline = "60s")]
fn translations_follow_a_moved_link_also_where_one_cannot(mut lab: Lab) -> TestResult {
    require_program("ip")?;
    let [client, one, two, spot] = ["client", "one", "two", "spot"].map(|name| lab.host(name));
    let [near, far] = ["near", "far"].map(|name| lab.router(name));
    for host in [&client, &one, &two] {
        lab.link(host, &far);
        lab.gateway(host, &far);
    }
    lab.link(&near, &far);
    lab.link(&near, &one);
    lab.up()?;
    let reflector = Reflector::on(&two, 3478)?;
    let seen = || -> TestResult<IpAddr> { Ok(reflector.sees(&bound(&client)?)?.ip()) };
    near.set_default_gateway(far.ipv4_towards(&near)?)?;
    near.insert_route(NewRoute::default_via(one.ipv4_towards(&near)?).metric(100))?;
    near.nat(&Nat::home())?;
    near.set_sysctl("net.ipv4.ip_forward", "0")?;
    far.set_default_gateway(one.ipv4_towards(&far)?)?;
    far.nat(&Nat::home())?;
    let mut ip = far.command("ip")?;
    ip.args(["route", "replace", "default", "via", &two.ipv4().to_string()]);
    ip.keep_capabilities([Capability::NET_ADMIN]).output()?.success()?;
    assert_eq!(seen()?, client.addr(), "the control: a program has changed the route, which no method followed");
    let link = lab.link_between(&near, &far)?;
    let refused =
        format!("{:#}", lab.replug(&link, &near, &spot).expect_err("a host that does not forward cannot follow"));
    assert!(refused.contains("\"near\""), "{refused}");
    assert_eq!(spot.devices()?.len(), 1, "the link is plugged in");
    assert_eq!(seen()?, IpAddr::from(far.ipv4_towards(&two)?));
    Ok(())
}

/// Row 23: a translation whose device is gone.
///
/// Packets would leave by another device with their inside addresses, so the next question about the translation is an error.
#[netns_test(requires(nat))]
fn a_translation_whose_device_is_gone_is_an_error(mut lab: Lab) -> TestResult {
    let Uplinks { router, .. } = uplinks(&mut lab)?;
    router.nat(&Nat::home().outside(UPLINKS[1]))?;
    assert_eq!(router.nat_mappings()?, [], "the control");
    router.remove_device(UPLINKS[1])?;
    let gone = format!("{:#}", router.nat_mappings().expect_err("the device is gone"));
    assert!(gone.contains("\"router\"") && gone.contains("\"eth2\""), "{gone}");
    Ok(())
}

/// Row 23: a translation at two devices is refused.
#[netns_test(requires(nat))]
fn a_translation_at_two_devices_is_refused(mut lab: Lab) -> TestResult {
    let Uplinks { router, .. } = uplinks(&mut lab)?;
    let refused = format!("{:#}", router.nat(&Nat::home().outside(UPLINKS[0]).outside(UPLINKS[1])).expect_err("two"));
    let expected = "cannot set the NAT of \"router\": the NAT has two outside devices, \"eth1\" and \"eth2\"";
    assert!(refused.starts_with(expected), "{refused}");
    Ok(())
}

/// Rows 37, 38: servers of a router answer from the address that was asked.
///
/// Resolvers and connected sockets drop an answer from another address than they asked.
#[netns_test(requires(nat, ipv6))]
fn servers_of_a_router_answer_from_the_address_that_was_asked(mut lab: Lab) -> TestResult {
    const SEARCH: &[u8] =
        b"M-SEARCH * HTTP/1.1\r\nHOST: 0.0.0.0:1900\r\nMAN: \"ssdp:discover\"\r\nST: upnp:rootdevice\r\n\r\n";
    let Uplinks { client, router, servers: [_, second], addresses } = uplinks(&mut lab)?;
    router.nat(&Nat::home().outside(UPLINKS[0]))?;
    let _dns = router.dns64([("old.test", Ipv4Addr::new(192, 0, 2, 33))])?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::NatPmp, PortMappingProtocol::UpnpIgd])?;
    let _reflector = router.reflector(3478)?;
    // Both addresses are those of the client's link.
    let (ipv4, ipv6) = (IpAddr::from(router.ipv4_towards(&client)?), IpAddr::from(router.ipv6_towards(&client)?));
    assert!(ipv4 != addresses[1], "the router has another address on the link of the second server");
    let answers = |from: &Host, to: SocketAddr, request: &[u8]| -> TestResult<bool> {
        let any = if to.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
        let socket = from.udp_socket_at((any, 0))?;
        from.run(|| socket.connect(to))??;
        socket.set_read_timeout(Some(if to.port() == 9 { SILENCE } else { PATIENCE }))?;
        socket.send(request)?;
        match socket.recv(&mut [0; 512]) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    };
    // A question for the address of `old.test`: its number, the flags, one question; the name, type A, class IN.
    let dns = [&[0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x03old\x04test\0", &[0, 1, 0, 1]].concat();
    let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    for host in [&client, &second] {
        for to in [ipv4, ipv6] {
            assert!(answers(host, (to, 53).into(), &dns)?, "DNS64 at {to} asked by {}", host.name());
            assert!(answers(host, (to, 3478).into(), &stun)?, "the reflector at {to} asked by {}", host.name());
        }
        assert!(answers(host, (ipv4, 5351).into(), &[0, 0])?, "NAT-PMP asked by {}", host.name());
        assert!(answers(host, (ipv4, 1900).into(), SEARCH)?, "UPnP asked by {}", host.name());
    }
    // The control: a server that leaves the choice to the routes.
    let plain = router.udp_socket(9)?;
    let server = std::thread::spawn(move || -> std::io::Result<()> {
        let mut buffer = [0; 16];
        for _ in 0..2 {
            let (length, from) = plain.recv_from(&mut buffer)?;
            plain.send_to(&buffer[..length], from)?;
        }
        Ok(())
    });
    assert!(answers(&client, (ipv4, 9).into(), b"ping")?, "its own link");
    assert!(!answers(&second, (ipv4, 9).into(), b"ping")?, "another link");
    server.join().map_err(|_| "panicked")??;
    Ok(())
}
