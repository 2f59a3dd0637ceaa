//! quinn, a QUIC implementation that others use, through home routers, with loss, across a change of networks, mappings that are forgotten, new
//! outside addresses, and flaps of a link.

mod roaming;

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::condition::{Condition, Loss, Step, Trace};
use netns_fixtures::net::{Nat, RouterPreset};
use netns_fixtures::prelude::*;
use netns_fixtures::time::wait_until_async;
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, EndpointConfig, ServerConfig, TokioRuntime, TransportConfig,
};
use roaming::move_to;
use tokio::time::sleep;

/// The bytes of each transfer.
const BYTES: usize = 1_000_000;

fn endpoint(socket: UdpSocket, server: Option<ServerConfig>) -> TestResult<Endpoint> {
    socket.set_nonblocking(true)?;
    Ok(Endpoint::new(EndpointConfig::default(), server, socket, Arc::new(TokioRuntime))?)
}

/// The configurations of a server with a certificate of its own, and of a client that knows it.
fn configurations() -> TestResult<(ServerConfig, ClientConfig)> {
    let own = rcgen::generate_simple_self_signed(["server".to_owned()])?;
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der())?;
    let mut known = rustls::RootCertStore::empty();
    known.add(own.cert.der().clone())?;
    let server = ServerConfig::with_single_cert(vec![own.cert.der().clone()], key)?;
    Ok((server, ClientConfig::with_root_certificates(Arc::new(known))?))
}

/// How a connection differs from quinn's default.
#[derive(Clone, Copy)]
struct Kind {
    /// Whether the server accepts another address of the client. Default: yes.
    migrates: bool,
    /// How often an idle client sends something. Default: never.
    keeps_alive: Option<Duration>,
    /// How long a side waits for packets. Default: 30 seconds.
    patience: Option<Duration>,
}

const ORDINARY: Kind = Kind { migrates: true, keeps_alive: None, patience: None };

/// Both ends of a connection, with their endpoints. Each end sends back the bytes of each stream that the other end opens.
struct Connected {
    client: Connection,
    server: Connection,
    endpoints: [Endpoint; 2],
}

impl Connected {
    async fn new(client: &Host, server: &Host, port: u16, kind: Kind) -> TestResult<Self> {
        let (mut of_server, mut of_client) = configurations()?;
        of_server.migration(kind.migrates);
        let mut transport = TransportConfig::default();
        // Without probes of the MTU, which an idle client would send.
        transport.keep_alive_interval(kind.keeps_alive).mtu_discovery_config(None);
        if let Some(patience) = kind.patience {
            transport.max_idle_timeout(Some(patience.try_into()?));
        }
        of_client.transport_config(Arc::new(transport));
        let listening = endpoint(server.udp_socket_at((server.ipv4(), port))?, Some(of_server))?;
        let calling = endpoint(client.udp_socket_at(("0.0.0.0".parse::<IpAddr>()?, 0))?, None)?;
        let connecting = calling.connect_with(of_client, (server.ipv4(), port).into(), "server")?;
        let accepting = async { Ok::<_, BoxError>(listening.accept().await.ok_or("the endpoint is closed")?.await?) };
        let (client, server) = tokio::try_join!(async { Ok(connecting.await?) }, accepting)?;
        tokio::spawn(echo(client.clone()));
        tokio::spawn(echo(server.clone()));
        Ok(Self { client, server, endpoints: [calling, listening] })
    }

    /// Returns the outside address and port to which the router maps the client's socket.
    fn mapped_by(&self, router: &Host, client: &Host) -> TestResult<Option<SocketAddrV4>> {
        let inside = SocketAddrV4::new(client.ipv4(), self.endpoints[0].local_addr()?.port());
        Ok(router.nat_mappings()?.into_iter().find(|mapping| mapping.inside == inside).map(|mapping| mapping.outside))
    }

    /// Waits until neither end sends any more, an acknowledgement for example.
    async fn until_quiet(&self) -> TestResult {
        let mut before = None;
        wait_until_async(Deadline::after(Duration::from_secs(20)), Duration::from_millis(300), async || {
            let sent = [&self.client, &self.server].map(|end| end.stats().udp_tx.datagrams);
            if before.replace(sent) == Some(sent) { Break(()) } else { Continue(sent) }
        })
        .await?;
        Ok(())
    }
}

/// Sends the bytes of one stream back, for each stream of the connection.
async fn echo(connection: Connection) {
    while let Ok((mut to, mut from)) = connection.accept_bi().await {
        let Ok(bytes) = from.read_to_end(BYTES).await else { break };
        if to.write_all(&bytes).await.is_err() || to.finish().is_err() {
            break;
        }
    }
}

/// Sends bytes over a new stream, and checks that they come back.
async fn round_trip(connection: &Connection, bytes: usize) -> TestResult<Duration> {
    let start = Instant::now();
    let sent: Vec<u8> = (0..=250_u8).cycle().take(bytes).collect();
    let (mut to, mut from) = connection.open_bi().await?;
    to.write_all(&sent).await?;
    to.finish()?;
    let came_back = from.read_to_end(bytes).await?;
    assert!(came_back == sent, "{} bytes came back, or others", came_back.len());
    Ok(start.elapsed())
}

#[netns_test(requires(nat, conditions), deadline = "120s")]
async fn a_connection_lives_through_nat_loss_and_another_network(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let [home, cafe] = ["home", "cafe"].map(|name| lab.router(name));
    let internet = lab.switch("internet");
    let slow = Condition::new().latency(Duration::from_millis(10)).loss(Loss::percent(3.0)).seed(4);
    lab.link(&client, &home);
    for router in [&home, &cafe] {
        lab.link(router, &internet).condition(slow.clone());
    }
    lab.link(&server, &internet);
    lab.gateway(&client, &home);
    lab.up_async().await?;
    home.behave_as(RouterPreset::Home, "eth1")?;

    let connected = Connected::new(&client, &server, 443, ORDINARY).await?;
    let (connection, accepted) = (&connected.client, &connected.server);

    let outside = |router: &Host, device| -> TestResult<IpAddr> {
        let addresses = router.device(device)?.addresses;
        Ok(addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv4).ok_or("an address")?)
    };
    assert_eq!(accepted.remote_address().ip(), outside(&home, "eth1")?, "the server sees the router");
    let took = round_trip(connection, BYTES).await?;
    println!("{BYTES} bytes there and back in {took:?} with 3% of loss");
    let link = lab.link_between(&home, &internet)?;
    let through_home = link.statistics_from(&home)?;
    assert!(through_home.lost > 0, "the control: packets were lost");

    // The client leaves its home: another router, another address, the same device.
    let at_home = lab.link_between(&client, &home)?;
    move_to(&mut lab, &client, &at_home, &home, &cafe)?;
    let gap = round_trip(connection, 1).await?;
    println!("the first byte came back {gap:?} after the change of networks");
    assert_eq!(accepted.remote_address().ip(), outside(&cafe, "eth0")?, "the server sees the other router");
    round_trip(connection, BYTES).await?;
    // The last acknowledgements, and messages of the kernel's own; a megabyte is some 800 packets.
    let since = link.statistics_from(&home)?.passed - through_home.passed;
    assert!(since < 100, "{since} packets went through the home");
    assert!(connection.close_reason().is_none());
    let seen: SocketAddr = accepted.remote_address();
    println!("the server saw {seen} at the end");
    Ok(())
}

/// A client behind a router, and a server at the other side.
struct Home {
    client: Host,
    router: Host,
    server: Host,
}

/// The device of [`Home`]'s router that leads to the server.
const OUTSIDE: &str = "eth1";

/// The condition is that of the client's link.
async fn home(lab: &mut Lab, condition: Option<Condition>) -> TestResult<Home> {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let (router, internet) = (lab.router("router"), lab.switch("internet"));
    let mut of_client = lab.link(&client, &router);
    if let Some(condition) = condition {
        of_client.condition(condition);
    }
    lab.link(&router, &internet);
    lab.link(&server, &internet);
    lab.gateway(&client, &router);
    lab.up_async().await?;
    Ok(Home { client, router, server })
}

/// A mapping is for one destination, and a forgotten one never returns.
#[netns_test(requires(nat), deadline = "90s")]
async fn a_connection_migrates_when_its_router_forgets_it_or_has_another_address(mut lab: Lab) -> TestResult {
    let Home { client, router, server } = home(&mut lab, None).await?;
    let symmetric = Nat::symmetric().outside(OUTSIDE);
    router.nat(&symmetric)?;
    let addresses = router.device(OUTSIDE)?.addresses;
    let old = *addresses.iter().find(|net| net.addr().is_ipv4()).ok_or("an address")?;
    let another = |distance: u32| -> TestResult<IpNet> {
        let IpAddr::V4(address) = old.addr() else { return Err("IPv4".into()) };
        Ok(IpNet::new(Ipv4Addr::from(u32::from(address) + distance).into(), old.prefix_len())?)
    };
    let (new, of_pool) = (another(20)?, another(40)?);
    router.add_address(OUTSIDE, of_pool)?;
    let use_pool = || -> TestResult {
        let IpAddr::V4(address) = of_pool.addr() else { return Err("IPv4".into()) };
        router.nat(&symmetric.clone().pool([address]))?;
        Ok(router.flush_nat()?)
    };
    let changes: [(&str, IpAddr, &dyn Fn() -> TestResult); 3] = [
        ("the router forgets", old.addr(), &|| Ok(router.flush_nat()?)),
        ("another outside address", new.addr(), &|| Ok(router.replace_address(OUTSIDE, old, new)?)),
        ("an address of a pool", of_pool.addr(), &use_pool),
    ];
    for (port, (change, address, make)) in (443..).zip(changes) {
        let connected = Connected::new(&client, &server, port, ORDINARY).await?;
        let refusing = Kind { migrates: false, patience: Some(Duration::from_secs(3)), ..ORDINARY };
        let refusing = Connected::new(&client, &server, port + 1000, refusing).await?;
        let before = [&connected, &refusing].map(|of| of.server.remote_address());
        assert_eq!(connected.mapped_by(&router, &client)?.map(SocketAddr::V4), Some(before[0]), "{change}");
        tokio::try_join!(round_trip(&connected.client, BYTES), round_trip(&refusing.client, BYTES))?;

        make()?;
        let (migrated, refused) =
            tokio::join!(round_trip(&connected.client, BYTES), round_trip(&refusing.client, BYTES));
        println!("{change}: {BYTES} bytes there and back in {:?}", migrated?);
        let now = connected.server.remote_address();
        assert_eq!(connected.mapped_by(&router, &client)?.map(SocketAddr::V4), Some(now), "{change}");
        assert!(now.ip() == address && now != before[0], "{change}: from {} to {now}", before[0]);
        // The control: a server that accepts no other address ignores the client. It no longer knows the connection after its patience, and may
        // say so to the client before the client's own patience ends.
        assert_eq!(refusing.server.closed().await, ConnectionError::TimedOut, "{change}");
        assert!(refused.is_err(), "{change}: {:?}", refusing.client.close_reason());
        assert_eq!(refusing.server.remote_address(), before[1], "{change}");
    }
    Ok(())
}

#[netns_test(requires(nat), deadline = "60s")]
async fn a_server_reaches_a_forgotten_client_only_if_the_client_keeps_alive(mut lab: Lab) -> TestResult {
    let Home { client, router, server } = home(&mut lab, None).await?;
    router.behave_as(RouterPreset::Home, OUTSIDE)?;
    let silent = Kind { patience: Some(Duration::from_secs(5)), ..ORDINARY };
    let alive = Kind { keeps_alive: Some(Duration::from_millis(200)), ..silent };
    let silent = Connected::new(&client, &server, 443, silent).await?;
    silent.until_quiet().await?;
    let alive = Connected::new(&client, &server, 444, alive).await?;
    // The control: the server reaches both.
    tokio::try_join!(round_trip(&silent.server, 1), round_trip(&alive.server, 1))?;
    silent.until_quiet().await?;
    router.flush_nat()?;
    let (reached, lost) = tokio::join!(round_trip(&alive.server, BYTES), round_trip(&silent.server, 1));
    println!("{BYTES} bytes from the server and back in {:?}", reached?);
    assert!(alive.mapped_by(&router, &client)?.is_some() && alive.server.close_reason().is_none());
    assert!(lost.is_err());
    assert_eq!(silent.server.close_reason(), Some(ConnectionError::TimedOut));
    assert_eq!(silent.mapped_by(&router, &client)?, None, "the silent client has sent nothing");
    Ok(())
}

#[netns_test(requires(nat), deadline = "90s")]
async fn a_connection_lives_through_cuts_shorter_than_its_patience(mut lab: Lab) -> TestResult {
    const CUTS: u32 = 5;
    let Home { client, router, server } = home(&mut lab, None).await?;
    router.behave_as(RouterPreset::Home, OUTSIDE)?;
    let connected = Connected::new(&client, &server, 443, ORDINARY).await?;
    let before = connected.server.remote_address();
    let lost_before = connected.client.stats().path.lost_packets + connected.server.stats().path.lost_packets;
    let is_over = Cell::new(false);
    // The router's end: the client keeps its routes.
    let cuts = async {
        for _ in 0..CUTS {
            router.link_down_async("eth0").await?;
            sleep(Duration::from_millis(100)).await;
            router.link_up_async("eth0").await?;
            sleep(Duration::from_millis(300)).await;
        }
        is_over.set(true);
        Ok(())
    };
    let transfers = async {
        let mut transfers = 0;
        while !is_over.get() || transfers == 0 {
            round_trip(&connected.client, BYTES).await?;
            transfers += 1;
        }
        Ok::<_, BoxError>(transfers)
    };
    let ((), transfers) = tokio::try_join!(cuts, transfers)?;
    let lost = connected.client.stats().path.lost_packets + connected.server.stats().path.lost_packets - lost_before;
    println!("{transfers} transfers of {BYTES} bytes there and back beside {CUTS} cuts, {lost} packets lost");
    assert!(lost > 0, "the control: packets were lost");
    assert_eq!(connected.server.remote_address(), before, "the same mapping");
    assert_eq!(connected.mapped_by(&router, &client)?.map(SocketAddr::V4), Some(before));

    // The control: a cut that is longer than a connection's patience ends that one, and only that one.
    let impatient = Kind { patience: Some(Duration::from_secs(1)), ..ORDINARY };
    let impatient = Connected::new(&client, &server, 444, impatient).await?;
    round_trip(&impatient.client, BYTES).await?;
    router.link_down_async("eth0").await?;
    let (of_client, of_server) = tokio::join!(impatient.client.closed(), impatient.server.closed());
    assert_eq!([of_client, of_server], [ConnectionError::TimedOut, ConnectionError::TimedOut]);
    router.link_up_async("eth0").await?;
    assert!(round_trip(&impatient.client, 1).await.is_err());
    round_trip(&connected.client, BYTES).await?;
    assert_eq!(connected.server.remote_address(), before);
    Ok(())
}

#[netns_test(requires(nat, conditions), deadline = "120s")]
async fn a_transfer_ends_while_its_link_flaps_ten_times_a_second(mut lab: Lab) -> TestResult {
    let Home { client, router, server } = home(&mut lab, Some(Condition::new())).await?;
    router.behave_as(RouterPreset::Home, OUTSIDE)?;
    let connected = Connected::new(&client, &server, 443, ORDINARY).await?;
    let before = connected.server.remote_address();
    let link = lab.link_between(&client, &router)?;
    let step = |milliseconds, percent| Step {
        at: Duration::from_millis(milliseconds),
        loss: Some(Loss::percent(percent)),
        ..Step::default()
    };
    link.set_condition(&Condition::new().trace(Trace::steps([step(0, 0.0), step(50, 100.0), step(100, 0.0)])))?;
    let took = round_trip(&connected.client, BYTES).await?;
    let lost = [link.statistics_from(&client)?.lost, link.statistics_from(&router)?.lost];
    println!("{BYTES} bytes there and back in {took:?}; the link lost {lost:?} packets");
    assert!(lost[0] > 0 && lost[1] > 0, "the control: {lost:?} packets were lost");
    assert_eq!(connected.server.remote_address(), before);
    assert_eq!(connected.mapped_by(&router, &client)?.map(SocketAddr::V4), Some(before));
    Ok(())
}
