//! quinn, a QUIC implementation that others use, through home routers, with loss, and across a change of networks.

mod roaming;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use netns_fixtures::net::RouterPreset;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::condition::{Condition, Loss};
use netns_fixtures::prelude::*;
use quinn::{ClientConfig, Connection, Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use roaming::move_to;

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

    let (of_server, of_client) = configurations()?;
    let listening = endpoint(server.udp_socket_at((server.ipv4(), 443))?, Some(of_server))?;
    let calling = endpoint(client.udp_socket_at(("0.0.0.0".parse::<IpAddr>()?, 0))?, None)?;
    let connecting = calling.connect_with(of_client, (server.ipv4(), 443).into(), "server")?;
    let accepting = async { Ok::<_, BoxError>(listening.accept().await.ok_or("the endpoint is closed")?.await?) };
    let (connection, accepted) = tokio::try_join!(async { Ok(connecting.await?) }, accepting)?;
    tokio::spawn(echo(accepted.clone()));

    let outside = |router: &Host, device| -> TestResult<IpAddr> {
        let addresses = router.device(device)?.addresses;
        Ok(addresses.iter().map(IpNet::addr).find(IpAddr::is_ipv4).ok_or("an address")?)
    };
    assert_eq!(accepted.remote_address().ip(), outside(&home, "eth1")?, "the server sees the router");
    let took = round_trip(&connection, BYTES).await?;
    println!("{BYTES} bytes there and back in {took:?} with 3% of loss");
    let link = lab.link_between(&home, &internet)?;
    let through_home = link.statistics_from(&home)?;
    assert!(through_home.lost > 0, "the control: packets were lost");

    // The client leaves its home: another router, another address, the same device.
    let at_home = lab.link_between(&client, &home)?;
    move_to(&mut lab, &client, &at_home, &home, &cafe)?;
    let gap = round_trip(&connection, 1).await?;
    println!("the first byte came back {gap:?} after the change of networks");
    assert_eq!(accepted.remote_address().ip(), outside(&cafe, "eth0")?, "the server sees the other router");
    round_trip(&connection, BYTES).await?;
    // The last acknowledgements, and messages of the kernel's own; a megabyte is some 800 packets.
    let since = link.statistics_from(&home)?.passed - through_home.passed;
    assert!(since < 100, "{since} packets went through the home");
    assert!(connection.close_reason().is_none());
    let seen: SocketAddr = accepted.remote_address();
    println!("the server saw {seen} at the end");
    Ok(())
}
