//! Clients that others use forward ports of a home router to themselves: igd-next by UPnP, `crab_nat` by PCP and NAT-PMP.

use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU16;
use std::ops::ControlFlow;
use std::time::Duration;

use crab_nat::{InternetProtocol, PortMapping, PortMappingOptions, PortMappingType};
use igd_next::{AddPortError, GetGenericPortMappingEntryError, PortMappingProtocol as Transport, RemovePortError};
use igd_next::{Gateway, SearchOptions, search_gateway};
use netns_fixtures::net::{PortMappingProtocol, RouterPreset};
use netns_fixtures::prelude::*;

/// Maximum wait for an expected connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// The wait that proves that nothing answers.
const SILENCE: Duration = Duration::from_millis(300);

/// Two clients behind a home router, each with a listener on port 80, and a host outside.
struct Home {
    clients: [Host; 2],
    _listeners: [TcpListener; 2],
    router: Host,
    server: Host,
    outside: IpAddr,
}

fn home(lab: &mut Lab) -> TestResult<Home> {
    let clients = ["client", "neighbour"].map(|name| lab.host(name));
    let (router, server, inside) = (lab.router("router"), lab.host("server"), lab.switch("inside"));
    lab.link(&router, &inside);
    for client in &clients {
        lab.link(client, &inside);
        lab.gateway(client, &router);
    }
    lab.link(&router, &server);
    lab.up()?;
    router.behave_as(RouterPreset::Home, "eth1")?;
    let listeners = [clients[0].tcp_listener(80)?, clients[1].tcp_listener(80)?];
    let outside = router.ipv4_towards(&server)?.into();
    Ok(Home { clients, _listeners: listeners, router, server, outside })
}

impl Home {
    /// Whether the host outside reaches a port of the router.
    fn is_open(&self, port: u16) -> TestResult<bool> {
        let to = SocketAddr::new(self.outside, port);
        Ok(self.server.run(move || TcpStream::connect_timeout(&to, SILENCE))?.is_ok())
    }

    fn wait_until_closed(&self, port: u16) -> TestResult {
        wait_until(Deadline::after(PATIENCE), Duration::from_millis(100), || match self.is_open(port) {
            Ok(false) => ControlFlow::Break(Ok(())),
            Ok(true) => ControlFlow::Continue("it is open"),
            Err(error) => ControlFlow::Break(Err(error)),
        })?
    }
}

#[netns_test(requires(nat), deadline = "60s")]
fn igd_next_forwards_ports_by_upnp(mut lab: Lab) -> TestResult {
    let home = home(&mut lab)?;
    let [client, neighbour] = &home.clients;
    let search = |within| {
        let mut options = SearchOptions::default();
        options.timeout = Some(within);
        client.run(|| search_gateway(options))
    };
    assert!(search(SILENCE)?.is_err(), "the control: nobody answers");
    let _server = home.router.port_mapping_server([PortMappingProtocol::UpnpIgd])?;
    let gateway: Gateway = search(PATIENCE)??;
    assert_eq!(gateway.addr.ip(), home.router.ipv4_towards(client)?);
    assert_eq!(client.run(|| gateway.get_external_ip())??, home.outside);

    let of = |host: &Host| SocketAddr::from((host.ipv4(), 80));
    let add = |host: &Host, port, seconds| {
        let to = of(host);
        host.run(|| gateway.add_port(Transport::TCP, port, to, seconds, "a <b> & \"c\""))
    };
    let entry = |place| client.run(|| gateway.get_generic_port_mapping_entry(place));
    assert!(!home.is_open(8080)?, "the control");
    add(client, 8080, 3600)??;
    assert!(home.is_open(8080)?);
    let first = entry(0)??;
    assert_eq!((first.external_port, first.internal_port, first.enabled), (8080, 80, true));
    assert_eq!((first.protocol, first.internal_client), (Transport::TCP, client.ipv4().to_string()));
    assert_eq!(first.port_mapping_description, "a <b> & \"c\"");
    assert!((3500..=3600).contains(&first.lease_duration), "{}", first.lease_duration);
    assert!(matches!(entry(1)?, Err(GetGenericPortMappingEntryError::SpecifiedArrayIndexInvalid)));

    // The port of the client is not the neighbour's; another one is.
    assert!(matches!(add(neighbour, 8080, 3600)?, Err(AddPortError::PortInUse)));
    let to = of(neighbour);
    let any = neighbour.run(|| gateway.get_any_address(Transport::TCP, to, 3600, "any"))??;
    assert_eq!(any.ip(), home.outside);
    assert!(any.port() != 8080 && home.is_open(any.port())? && home.is_open(8080)?);
    let removed = |host: &Host, port| host.run(|| gateway.remove_port(Transport::TCP, port));
    assert!(matches!(removed(neighbour, 8080)?, Err(RemovePortError::ActionNotAuthorized)));

    add(client, 8080, 7200)??;
    assert!((7100..=7200).contains(&entry(1)??.lease_duration), "renewed");
    removed(client, 8080)??;
    assert!(!home.is_open(8080)? && home.is_open(any.port())?);
    assert!(matches!(removed(client, 8080)?, Err(RemovePortError::NoSuchPortMapping)));
    add(client, 8081, 1)??;
    home.wait_until_closed(8081)
}

#[netns_test(requires(nat), deadline = "60s")]
async fn crab_nat_forwards_ports_by_pcp(mut lab: Lab) -> TestResult {
    let home = home(&mut lab)?;
    let both = [PortMappingProtocol::Pcp, PortMappingProtocol::NatPmp];
    let _server = home.router.port_mapping_server(both)?;
    let outside = home.outside;
    let is_pcp = |kind| matches!(kind, PortMappingType::Pcp { external_ip, .. } if external_ip == outside);
    live_with_a_port(&home, is_pcp).await
}

/// The client asks by PCP first.
#[netns_test(requires(nat), deadline = "60s")]
async fn crab_nat_falls_back_to_nat_pmp(mut lab: Lab) -> TestResult {
    let home = home(&mut lab)?;
    let _server = home.router.port_mapping_server([PortMappingProtocol::NatPmp])?;
    let gateway = IpAddr::from(home.router.ipv4_towards(&home.clients[0])?).into();
    let asked = home.clients[0].spawn(crab_nat::natpmp::external_address(gateway, None))?;
    assert_eq!(IpAddr::from(asked.await??), home.outside);
    live_with_a_port(&home, |kind| matches!(kind, PortMappingType::NatPmp)).await
}

/// A client asks for a port, renews it, loses it with the state of the router, gives it back, and lets it expire.
async fn live_with_a_port(home: &Home, is_expected: impl Fn(PortMappingType) -> bool) -> TestResult {
    let [client, neighbour] = &home.clients;
    let gateway = IpAddr::from(home.router.ipv4_towards(client)?);
    let ask = async |host: &Host, seconds| -> TestResult<PortMapping> {
        let options = PortMappingOptions {
            external_port: NonZeroU16::new(8080),
            lifetime_seconds: Some(seconds),
            timeout_config: None,
        };
        let (own, port) = (host.ipv4().into(), NonZeroU16::new(80).ok_or("a port")?);
        let asked = PortMapping::new(gateway.into(), own, InternetProtocol::Tcp, port, options);
        Ok(host.spawn(asked)?.await??)
    };
    assert!(!home.is_open(8080)?, "the control");
    let mut mapping = ask(client, 3600).await?;
    assert_eq!((mapping.external_port().get(), mapping.lifetime()), (8080, 3600));
    assert!(is_expected(mapping.mapping_type()), "{:?}", mapping.mapping_type());
    assert!(home.is_open(8080)?);
    let other = ask(neighbour, 3600).await?.external_port().get();
    assert!(other != 8080 && home.is_open(other)?, "{other}");

    let renew = async |mut mapping: PortMapping| -> TestResult<PortMapping> {
        let renewed = async move { mapping.renew().await.map(|()| mapping) };
        Ok(client.spawn(renewed)?.await??)
    };
    mapping = renew(mapping).await?;
    assert_eq!(mapping.external_port().get(), 8080);
    home.router.flush_nat()?;
    assert!(!home.is_open(8080)? && !home.is_open(other)?, "the router has forgotten them");
    mapping = renew(mapping).await?;
    assert_eq!(mapping.external_port().get(), 8080);
    assert!(home.is_open(8080)? && !home.is_open(other)?);
    let dropped = async move { mapping.try_drop().await.map_err(|(error, _)| error) };
    client.spawn(dropped)?.await??;
    assert!(!home.is_open(8080)?);
    assert_eq!(ask(client, 1).await?.lifetime(), 1);
    home.wait_until_closed(8080)
}
