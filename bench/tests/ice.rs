//! webrtc-ice, an implementation of ICE that others use, between two homes: it punches holes through their NATs where the kinds allow it, else
//! uses a relay. The server of STUN and TURN is of the same family.

mod roaming;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use netns_fixtures::net::condition::{Condition, Loss};
use netns_fixtures::net::{Nat, RouterPreset, Switch};
use netns_fixtures::prelude::*;
use roaming::move_to;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;
use tokio::time::timeout;
use turn::auth::{AuthHandler, generate_auth_key};
use turn::relay::relay_static::RelayAddressGeneratorStatic;
use turn::server::Server;
use turn::server::config::{ConnConfig, ServerConfig};
use webrtc_ice::agent::Agent;
use webrtc_ice::agent::agent_config::AgentConfig;
use webrtc_ice::candidate::candidate_base::unmarshal_candidate;
use webrtc_ice::candidate::{Candidate, CandidateType};
use webrtc_ice::mdns::MulticastDnsMode;
use webrtc_ice::network_type::NetworkType;
use webrtc_ice::state::ConnectionState;
use webrtc_ice::url::{SchemeType, Url};
use webrtc_util::Conn;
use webrtc_util::vnet::net::Net;

const USER: &str = "user";
const PASSWORD: &str = "password";
const PORT: u16 = 3478;
/// The messages of a conversation.
const MESSAGES: u32 = 20;

/// Knows one user.
struct OneUser;

impl AuthHandler for OneUser {
    fn auth_handle(&self, user: &str, realm: &str, _: SocketAddr) -> Result<Vec<u8>, turn::Error> {
        if user == USER { Ok(generate_auth_key(USER, realm, PASSWORD)) } else { Err(turn::Error::ErrNoSuchUser) }
    }
}

/// Starts a server of STUN and TURN in a host, and returns when it listens.
async fn start_server(host: &Host) -> TestResult {
    let (ready, is_ready) = oneshot::channel();
    let address = host.ipv4();
    let serve = async move {
        let conn = Arc::new(UdpSocket::bind((address, PORT)).await?);
        let relay_addr_generator = Box::new(RelayAddressGeneratorStatic {
            relay_address: address.into(),
            address: address.to_string(),
            net: Arc::new(Net::new(None)),
        });
        let server = Server::new(ServerConfig {
            conn_configs: vec![ConnConfig { conn, relay_addr_generator }],
            realm: "lab".to_owned(),
            auth_handler: Arc::new(OneUser),
            channel_bind_timeout: Duration::ZERO,
            alloc_close_notify: None,
        });
        let _server = server.await?;
        // Nobody waits where the test has ended.
        let _: Result<(), ()> = ready.send(());
        std::future::pending::<TestResult>().await
    };
    let serving = host.spawn(serve)?;
    tokio::select! {
        ended = serving => ended?,
        listens = is_ready => Ok(listens?),
    }
}

/// The signalling data, which the sides exchange outside of ICE.
struct Offer {
    user: String,
    password: String,
    candidates: Vec<String>,
}

/// One side, whose sockets belong to a host. It connects on each order, and reports whether it is connected.
struct Side {
    agent: Arc<Agent>,
    orders: UnboundedSender<()>,
    results: UnboundedReceiver<bool>,
}

impl Side {
    /// Starts a pair of sides, of which the first one is the controlling one.
    async fn pair(hosts: [&Host; 2], server: Ipv4Addr, relays: bool) -> TestResult<[Self; 2]> {
        let ((to_second, from_first), (to_first, from_second)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let first = Self::start(hosts[0], true, url(server, relays), to_second, from_second).await?;
        Ok([first, Self::start(hosts[1], false, url(server, relays), to_first, from_first).await?])
    }

    async fn start(
        host: &Host,
        controls: bool,
        url: Url,
        to_other: UnboundedSender<Offer>,
        from_other: UnboundedReceiver<Offer>,
    ) -> TestResult<Self> {
        let ((orders, of_test), (reports, results)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let (made, agent) = oneshot::channel();
        host.spawn(async move {
            let (mut session, agent) = Session::new(controls, url).await?;
            let _: Result<(), _> = made.send(agent);
            session.serve(of_test, to_other, from_other, reports).await
        })?;
        Ok(Self { agent: agent.await?, orders, results })
    }

    /// The address to which it sends, and the kinds of both candidates.
    fn path(&self) -> TestResult<(SocketAddr, [CandidateType; 2])> {
        let pair = self.agent.get_selected_candidate_pair().ok_or("no pair is selected")?;
        let to = SocketAddr::new(pair.remote.address().parse()?, pair.remote.port());
        Ok((to, [pair.local.candidate_type(), pair.remote.candidate_type()]))
    }
}

fn url(server: Ipv4Addr, relays: bool) -> Url {
    let scheme = if relays { SchemeType::Turn } else { SchemeType::Stun };
    let (username, password) = (USER.to_owned(), PASSWORD.to_owned());
    Url { scheme, host: server.to_string(), port: PORT, username, password, ..Url::default() }
}

/// Connects both sides; returns whether both are connected. Data has then passed both ways.
async fn connect(sides: &mut [Side; 2]) -> TestResult<bool> {
    for side in &*sides {
        side.orders.send(())?;
    }
    let [first, second] = sides;
    // netns-lint: allow(unbounded-wait) both sides end with the test, which has a deadline
    let (first, second) = tokio::join!(first.results.recv(), second.results.recv());
    Ok(first.ok_or("the first side has ended")? && second.ok_or("the second side has ended")?)
}

/// The inside of a side.
struct Session {
    controls: bool,
    agent: Arc<Agent>,
    candidates: UnboundedReceiver<Option<String>>,
    states: UnboundedReceiver<ConnectionState>,
    connection: Option<Arc<dyn Conn + Send + Sync>>,
}

impl Session {
    async fn new(controls: bool, url: Url) -> TestResult<(Self, Arc<Agent>)> {
        let agent = Agent::new(AgentConfig {
            urls: vec![url],
            network_types: vec![NetworkType::Udp4],
            multicast_dns_mode: MulticastDnsMode::Disabled,
            disconnected_timeout: Some(Duration::from_secs(3)),
            failed_timeout: Some(Duration::from_secs(3)),
            ..AgentConfig::default()
        });
        let agent = Arc::new(agent.await?);
        let ((found, candidates), (seen, states)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        agent.on_candidate(Box::new(move |candidate| {
            // The session has ended where nobody receives, here and below.
            let _: Result<(), _> = found.send(candidate.map(|candidate| candidate.marshal()));
            Box::pin(async {})
        }));
        agent.on_connection_state_change(Box::new(move |state| {
            let _: Result<(), _> = seen.send(state);
            Box::pin(async {})
        }));
        Ok((Self { controls, agent: Arc::clone(&agent), candidates, states, connection: None }, agent))
    }

    async fn serve(
        &mut self,
        mut orders: UnboundedReceiver<()>,
        to_other: UnboundedSender<Offer>,
        mut from_other: UnboundedReceiver<Offer>,
        reports: UnboundedSender<bool>,
    ) -> TestResult {
        while orders.recv().await.is_some() {
            to_other.send(self.offer().await?).map_err(|_| "the other side has ended")?;
            let offer = from_other.recv().await.ok_or("the other side has ended")?;
            let is_connected = self.connect(offer).await?;
            if let Some(connection) = self.connection.as_ref().filter(|_| is_connected && self.controls) {
                converse(&**connection).await?;
            }
            reports.send(is_connected)?;
        }
        Ok(())
    }

    /// Gathers candidates, anew if the session has begun. The agent asks the server for its outside address once, so a lost request takes another round.
    async fn offer(&mut self) -> TestResult<Offer> {
        let mut is_first = self.connection.is_none();
        loop {
            if !is_first {
                self.agent.restart(String::new(), String::new()).await?;
            }
            is_first = false;
            self.agent.gather_candidates()?;
            let mut candidates = Vec::new();
            while let Some(candidate) = self.candidates.recv().await.ok_or("the agent has ended")? {
                candidates.push(candidate);
            }
            if candidates.iter().any(|candidate| candidate.contains(" typ srflx ")) {
                let (user, password) = self.agent.get_local_user_credentials().await;
                return Ok(Offer { user, password, candidates });
            }
        }
    }

    /// Waits until the agent has a path, or has given up.
    async fn connect(&mut self, offer: Offer) -> TestResult<bool> {
        for candidate in &offer.candidates {
            let candidate: Arc<dyn Candidate + Send + Sync> = Arc::new(unmarshal_candidate(candidate)?);
            self.agent.add_remote_candidate(&candidate)?;
        }
        while self.states.try_recv().is_ok() {}
        if self.connection.is_some() {
            self.agent.set_remote_credentials(offer.user, offer.password).await?;
        } else {
            let agent = Arc::clone(&self.agent);
            let (controls, (_goes_on, cancelled)) = (self.controls, mpsc::channel(1));
            let connecting = async move {
                let connection: Arc<dyn Conn + Send + Sync> = if controls {
                    agent.dial(cancelled, offer.user, offer.password).await?
                } else {
                    agent.accept(cancelled, offer.user, offer.password).await?
                };
                TestResult::Ok(connection)
            };
            let connection = tokio::select! {
                connection = connecting => connection?,
                failed = is_connected(&mut self.states, false) => return failed,
            };
            if !controls {
                tokio::spawn(echo(Arc::clone(&connection)));
            }
            self.connection = Some(connection);
            return Ok(true);
        }
        is_connected(&mut self.states, true).await
    }
}

/// Waits for the state after the checks; with `ends_well`, success is one.
async fn is_connected(states: &mut UnboundedReceiver<ConnectionState>, ends_well: bool) -> TestResult<bool> {
    loop {
        match states.recv().await.ok_or("the agent has ended")? {
            ConnectionState::Connected if ends_well => return Ok(true),
            ConnectionState::Failed => return Ok(false),
            _ => {}
        }
    }
}

/// Sends back what arrives.
async fn echo(connection: Arc<dyn Conn + Send + Sync>) {
    let mut buffer = [0; 64];
    while let Ok(length) = connection.recv(&mut buffer).await {
        // While the agent has no path, nothing is sent.
        let _ = connection.send(&buffer[..length]).await;
    }
}

/// Sends numbered messages until each has come back; a lost one is sent again.
async fn converse(connection: &(dyn Conn + Send + Sync)) -> TestResult {
    for number in 0..MESSAGES {
        let came_back = async {
            let mut buffer = [0; 64];
            loop {
                let length = connection.recv(&mut buffer).await?;
                if buffer[..length] == number.to_be_bytes() {
                    return TestResult::Ok(());
                }
            }
        };
        tokio::pin!(came_back);
        loop {
            connection.send(&number.to_be_bytes()).await?;
            if let Ok(received) = timeout(Duration::from_millis(200), &mut came_back).await {
                received?;
                break;
            }
        }
    }
    Ok(())
}

/// Two homes, a café and a server, on one switch.
struct World {
    server: Host,
    clients: [Host; 2],
    routers: [Host; 2],
    cafe: Host,
    internet: Switch,
}

async fn world(lab: &mut Lab, condition: &Condition) -> TestResult<World> {
    let (server, cafe, internet) = (lab.host("server"), lab.router("cafe"), lab.switch("internet"));
    let clients = ["left", "right"].map(|name| lab.host(name));
    let routers = ["left-router", "right-router"].map(|name| lab.router(name));
    lab.link(&server, &internet);
    for (client, router) in clients.iter().zip(&routers) {
        lab.link(client, router);
        lab.gateway(client, router);
    }
    for (router, seed) in routers.iter().chain([&cafe]).zip(1..) {
        lab.link(router, &internet).condition(condition.clone().seed(seed));
    }
    lab.up_async().await?;
    start_server(&server).await?;
    Ok(World { server, clients, routers, cafe, internet })
}

/// Asserts that each side sends to a mapping that the kernel of the other side's router has for the other client.
fn expect_direct(sides: &[Side; 2], clients: &[Host; 2], routers: [&Host; 2]) -> TestResult {
    for place in [0, 1] {
        let (to, kinds) = sides[place].path()?;
        let mappings = routers[1 - place].nat_mappings()?;
        let is_other = mappings
            .iter()
            .any(|mapping| SocketAddr::V4(mapping.outside) == to && *mapping.inside.ip() == clients[1 - place].ipv4());
        assert!(is_other, "side {place} sends to {to} ({kinds:?}), which is not a mapping of {mappings:?}");
    }
    Ok(())
}

/// Pairs of the table in docs/networks-outside.md: the agents connect where it has a yes, give up where it has a no, and then use a relay if they
/// have one.
#[netns_test(requires(nat, conditions), deadline = "180s")]
async fn holes_are_punched_where_the_kinds_allow_it(mut lab: Lab) -> TestResult {
    let World { server, clients, routers, .. } = world(&mut lab, &Condition::new()).await?;
    let cases = [
        (Nat::home(), Nat::home(), true),
        (Nat::port_restricted_cone().keeping_ports(false), Nat::port_restricted_cone(), true),
        (Nat::full_cone(), Nat::symmetric(), true),
        (Nat::symmetric(), Nat::address_restricted_cone(), true),
        (Nat::port_restricted_cone(), Nat::symmetric(), false),
        (Nat::symmetric(), Nat::symmetric(), false),
    ];
    for (left, right, opens) in cases {
        for (router, nat) in routers.iter().zip([&left, &right]) {
            router.nat(&nat.clone().outside("eth1"))?;
            router.flush_nat()?;
        }
        let what = format!("{left} and {right}");
        let mut sides = Side::pair([&clients[0], &clients[1]], server.ipv4(), false).await?;
        assert_eq!(connect(&mut sides).await?, opens, "{what}");
        if opens {
            expect_direct(&sides, &clients, [&routers[0], &routers[1]])?;
            continue;
        }
        let mut sides = Side::pair([&clients[0], &clients[1]], server.ipv4(), true).await?;
        assert!(connect(&mut sides).await?, "{what}, with a relay");
        let (_, kinds) = sides[0].path()?;
        assert!(kinds.contains(&CandidateType::Relay), "{what}: {kinds:?}");
    }
    Ok(())
}

/// A client leaves its home for a café, and restarts ICE there.
#[netns_test(requires(nat, conditions), deadline = "120s")]
async fn a_session_lives_through_loss_and_another_network(mut lab: Lab) -> TestResult {
    let condition = Condition::new().latency(Duration::from_millis(10)).loss(Loss::percent(5.0));
    let World { server, clients, routers, cafe, internet } = world(&mut lab, &condition).await?;
    for router in &routers {
        router.behave_as(RouterPreset::Home, "eth1")?;
    }
    let [client, other] = &clients;
    let mut sides = Side::pair([client, other], server.ipv4(), false).await?;
    assert!(connect(&mut sides).await?);
    expect_direct(&sides, &clients, [&routers[0], &routers[1]])?;
    let of_home = sides[1].path()?.0.ip();
    let through_home = lab.link_between(&routers[0], &internet)?.statistics_from(&routers[0])?;

    let at_home = lab.link_between(client, &routers[0])?;
    move_to(&mut lab, client, &at_home, &routers[0], &cafe)?;
    assert!(connect(&mut sides).await?, "after the restart");
    expect_direct(&sides, &clients, [&cafe, &routers[1]])?;
    let of_sides: IpAddr = sides[1].path()?.0.ip();
    assert_ne!(of_sides, of_home, "the other side sends to the café");
    let lost = through_home.lost + lab.link_between(&cafe, &internet)?.statistics_from(&cafe)?.lost;
    assert!(lost > 0, "the control: packets were lost");
    Ok(())
}
