//! Hosts that forward ports of their router to themselves, by each protocol: row 38.

use std::io::{Read, Seek, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use netns_fixtures::net::{Host, Nat, NatMapping, NatTransport, PortMappingProtocol};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

use crate::nat::{Home, OUTSIDE, bound, home, outside_address};
use crate::outsides::{Uplinks, uplinks};
use crate::traffic::Reflector;

/// Maximum wait for an expected datagram or connection; an emulated machine takes seconds for another translation.
const PATIENCE: Duration = Duration::from_secs(40);
/// The wait that proves that nothing arrives.
const SILENCE: Duration = Duration::from_millis(300);
/// The port of NAT-PMP and PCP.
pub(crate) const PORT: u16 = 5351;

/// Row 38: port forwarding that a host asks for.
///
/// A host forwards a port to itself by NAT-PMP, for as long as it asks; RFC 6886.
#[netns_test(requires(nat), deadline = "60s")]
fn a_host_forwards_a_port_to_itself(mut lab: Lab) -> TestResult {
    const TCP: u8 = 2;
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::NatPmp])?;
    let ask = |host: &Host, request: &[u8]| -> TestResult<Option<Vec<u8>>> {
        let (socket, mut response) = (host.udp_socket(0)?, [0; 32]);
        socket.set_read_timeout(Some(if host == &server { SILENCE } else { PATIENCE }))?;
        socket.send_to(request, (router.ipv4_towards(host)?, PORT))?;
        Ok(socket.recv(&mut response).ok().map(|length| response[..length].to_vec()))
    };
    let map = |host: &Host, inside: u16, outside: u16, seconds: u32| -> TestResult<(u16, u16)> {
        let ports = [inside.to_be_bytes(), outside.to_be_bytes()].concat();
        let request = [&[0, TCP, 0, 0][..], &ports, &seconds.to_be_bytes()].concat();
        let response = ask(host, &request)?.ok_or("a response")?;
        let word = |at: usize| u16::from_be_bytes([response[at], response[at + 1]]);
        assert_eq!((response.len(), response[1], word(8)), (16, 128 + TCP, inside), "{response:?}");
        Ok((word(2), word(10)))
    };
    let IpAddr::V4(outside) = outside_address(&router)? else { return Err("IPv4".into()) };
    let response = ask(&client, &[0, 0])?.ok_or("a response")?;
    assert_eq!((&response[..4], &response[8..]), (&[0, 128, 0, 0][..], &outside.octets()[..]));
    assert_eq!(ask(&server, &[0, 0])?, None, "hosts outside do not reach it");
    assert_eq!(ask(&client, &[2, 1, 0, 0])?.ok_or("a response")?[..4], [0, 129, 0, 1], "another version");

    let _listeners = (client.tcp_listener(80)?, neighbour.tcp_listener(81)?);
    let connects = |port: u16| connects(&server, outside.into(), port);
    assert!(!connects(8080)?, "the control");
    assert_eq!(map(&client, 80, 8080, 3600)?, (0, 8080));
    let (result, other) = map(&neighbour, 81, 8080, 3600)?;
    assert!(result == 0 && other != 8080, "a port leads to one host: {other}");
    assert!(connects(8080)? && connects(other)?);
    assert_eq!(map(&client, 80, 0, 3600)?, (0, 8080), "renewed");
    assert_eq!(map(&client, 80, 0, 0)?.0, 0, "given back");
    assert!(!connects(8080)? && connects(other)?);
    assert_eq!(map(&neighbour, 81, other, 1)?, (0, other), "for one second");
    wait_until_closed(&server, outside.into(), other)
}

/// Whether a host outside reaches a port of the router's outside address.
pub(crate) fn connects(from: &Host, outside: IpAddr, port: u16) -> TestResult<bool> {
    Ok(from.run(move || TcpStream::connect_timeout(&(outside, port).into(), SILENCE))?.is_ok())
}

fn wait_until_closed(from: &Host, outside: IpAddr, port: u16) -> TestResult {
    wait_until(Deadline::after(PATIENCE), Duration::from_millis(100), || match connects(from, outside, port) {
        Ok(false) => ControlFlow::Break(Ok(())),
        Ok(true) => ControlFlow::Continue("it is forwarded"),
        Err(error) => ControlFlow::Break(Err(error)),
    })?
}

/// A request of PCP for TCP; RFC 6887, section 11.1.
pub(crate) fn map_request(
    client: Ipv4Addr,
    nonce: u8,
    [inside, outside]: [u16; 2],
    seconds: u32,
    options: &[u8],
) -> Vec<u8> {
    let ports = [inside.to_be_bytes(), outside.to_be_bytes()].concat();
    let anywhere = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets();
    let fields = [&[nonce; 12][..], &[6, 0, 0, 0], &ports, &anywhere, options].concat();
    [&[2, 1, 0, 0][..], &seconds.to_be_bytes(), &client.to_ipv6_mapped().octets(), &fields].concat()
}

/// The facts of a response of PCP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) code: u8,
    pub(crate) seconds: u32,
    pub(crate) port: u16,
}

pub(crate) fn ask_by_pcp(host: &Host, router: &Host, request: &[u8]) -> TestResult<(Mapped, Vec<u8>)> {
    let (socket, mut buffer) = (host.udp_socket(0)?, [0; 1500]);
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send_to(request, (router.ipv4_towards(host)?, PORT))?;
    let length = socket.recv(&mut buffer)?;
    let response = buffer[..length].to_vec();
    assert!(length >= 24 && length.is_multiple_of(4), "{response:?}");
    assert_eq!(response[..3], [2, 128 | request[1], 0], "{response:?}");
    let seconds = u32::from_be_bytes([response[4], response[5], response[6], response[7]]);
    let port = response.get(42..44).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    Ok((Mapped { code: response[3], seconds, port }, response))
}

/// Row 38: port forwarding by PCP.
///
/// A host forwards a port to itself by PCP beside NAT-PMP, for as long as it asks; RFC 6887.
#[netns_test(requires(nat), deadline = "60s")]
fn a_host_forwards_a_port_to_itself_by_pcp(mut lab: Lab) -> TestResult {
    const PREFER_FAILURE: [u8; 4] = [2, 0, 0, 0];
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let both = [PortMappingProtocol::NatPmp, PortMappingProtocol::Pcp];
    let mappings = router.port_mapping_server(both)?;
    let outside = outside_address(&router)?;
    let IpAddr::V4(address) = outside else { return Err("IPv4".into()) };
    let _listeners = (client.tcp_listener(80)?, neighbour.tcp_listener(81)?);
    let ask = |host: &Host, nonce, ports, seconds, options: &[u8]| -> TestResult<(Mapped, Vec<u8>)> {
        ask_by_pcp(host, &router, &map_request(host.ipv4(), nonce, ports, seconds, options))
    };

    assert!(!connects(&server, outside, 8080)?, "the control");
    let (mapped, response) = ask(&client, 1, [80, 8080], 3600, &[])?;
    assert_eq!(mapped, Mapped { code: 0, seconds: 3600, port: 8080 });
    assert_eq!(response[24..42], map_request(client.ipv4(), 1, [80, 8080], 3600, &[])[24..42], "nonce, protocol, port");
    assert_eq!(response[44..], address.to_ipv6_mapped().octets());
    assert!(connects(&server, outside, 8080)?);

    // The neighbour gets another port, or none if it wants none; nobody else ends the lease of the client.
    let (other, _) = ask(&neighbour, 2, [81, 8080], 3600, &[])?;
    assert!(other.code == 0 && other.port != 8080, "{other:?}");
    assert!(connects(&server, outside, other.port)?);
    assert_eq!(ask(&neighbour, 2, [82, 8080], 3600, &PREFER_FAILURE)?.0.code, 11, "CANNOT_PROVIDE_EXTERNAL");
    assert_eq!(ask(&client, 9, [80, 8080], 0, &[])?.0.code, 2, "NOT_AUTHORIZED: another nonce");
    let (free, response) = ask(&neighbour, 3, [83, 8083], 3600, &PREFER_FAILURE)?;
    assert_eq!((free, &response[60..]), (Mapped { code: 0, seconds: 3600, port: 8083 }, &PREFER_FAILURE[..]));
    let foreign = map_request(neighbour.ipv4(), 1, [80, 8090], 3600, &[]);
    let (mismatch, response) = ask_by_pcp(&client, &router, &foreign)?;
    assert_eq!((mismatch.code, &response[24..]), (12, &foreign[24..]), "ADDRESS_MISMATCH");
    assert!(connects(&server, outside, 8080)? && !connects(&server, outside, 8090)?);

    // Renewed, given back, and over.
    assert_eq!(ask(&client, 1, [80, 0], 99_999, &[])?.0, Mapped { code: 0, seconds: 86_400, port: 8080 });
    assert_eq!(ask(&client, 1, [80, 0], 0, &[])?.0, Mapped { code: 0, seconds: 0, port: 0 });
    assert!(!connects(&server, outside, 8080)? && connects(&server, outside, other.port)?);
    assert_eq!(ask(&client, 1, [80, 0], 0, &[])?.0.code, 0, "given back again");
    assert_eq!(ask(&neighbour, 2, [81, 0], 1, &[])?.0.port, other.port, "for one second");
    wait_until_closed(&server, outside, other.port)?;

    // Versions: NAT-PMP answers its own; an opcode and a version that nobody has.
    let socket = client.udp_socket(0)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut buffer = [0; 64];
    socket.send_to(&[0, 0], (router.ipv4_towards(&client)?, PORT))?;
    assert_eq!(
        (socket.recv(&mut buffer)?, &buffer[..4], &buffer[8..12]),
        (12, &[0, 128, 0, 0][..], &address.octets()[..])
    );
    assert_eq!(ask_by_pcp(&client, &router, &[2, 2, 0, 0])?.0.code, 4, "UNSUPP_OPCODE");
    assert_eq!(ask_by_pcp(&client, &router, &[3, 1, 0, 0])?.0.code, 1, "UNSUPP_VERSION");
    drop(mappings);
    let _pcp_alone = router.port_mapping_server([PortMappingProtocol::Pcp])?;
    assert_eq!(ask_by_pcp(&client, &router, &[0, 0])?.0.code, 1, "UNSUPP_VERSION, for a client of NAT-PMP");
    Ok(())
}

/// The epoch of a response, in seconds; RFC 6887, section 7.2.
pub(crate) fn epoch(response: &[u8]) -> u32 {
    u32::from_be_bytes([response[8], response[9], response[10], response[11]])
}

/// Asks until the epoch is two seconds or more, so that a new one is seen, and returns that answer.
fn once_the_epoch_is_old<T>(ask: impl Fn() -> TestResult<(u32, T)>) -> TestResult<(u32, T)> {
    wait_until(Deadline::after(PATIENCE), Duration::from_millis(100), || match ask() {
        Ok((epoch @ 0..=1, _)) => ControlFlow::Continue(format!("the epoch is {epoch}")),
        later => ControlFlow::Break(later),
    })?
}

/// Row 38: a client of PCP notices that its lease is lost.
///
/// A later translation forgets the leases of all protocols, and the epoch starts anew, by which a client notices it; RFC 6887, section 8.5.
#[netns_test(requires(nat), deadline = "60s")]
fn a_client_of_pcp_notices_that_its_lease_is_lost(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let nat = Nat::home().outside(OUTSIDE);
    router.nat(&nat)?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::Pcp])?;
    let _listener = client.tcp_listener(80)?;
    let outside = outside_address(&router)?;
    let epoch_and_port = |response: &[u8]| (epoch(response), u16::from_be_bytes([response[42], response[43]]));
    let request = map_request(client.ipv4(), 1, [80, 8080], 3600, &[]);
    let ask = || -> TestResult<(u32, u16)> { Ok(epoch_and_port(&ask_by_pcp(&client, &router, &request)?.1)) };
    let before = once_the_epoch_is_old(ask)?;
    assert_eq!(before.1, 8080);
    assert!(connects(&server, outside, 8080)?);
    let start = Instant::now();
    router.nat(&nat)?;
    router.flush_nat()?;
    assert!(!connects(&server, outside, 8080)?, "forgotten");
    let after = ask()?;
    // One that goes on would be two seconds above it.
    assert!(u64::from(after.0) <= start.elapsed().as_secs() && after.1 == 8080, "{before:?}, {after:?}");
    assert!(connects(&server, outside, 8080)?);
    Ok(())
}

/// Row 38: a client of PCP notices another outside address.
///
/// A translation that follows the default route takes its forwards along, but their outside address is another one; RFC 6887, section 8.5.
#[netns_test(requires(nat), deadline = "60s")]
fn a_client_of_pcp_notices_another_outside_address(mut lab: Lab) -> TestResult {
    let Uplinks { client, router, servers, addresses } = uplinks(&mut lab)?;
    router.nat(&Nat::home())?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::Pcp])?;
    let _listener = client.tcp_listener(80)?;
    let request = map_request(client.ipv4(), 1, [80, 8080], 3600, &[]);
    let ask = || -> TestResult<(u32, IpAddr)> {
        let (mapped, response) = ask_by_pcp(&client, &router, &request)?;
        assert_eq!(mapped, Mapped { code: 0, seconds: 3600, port: 8080 });
        let address: [u8; 16] = response[44..60].try_into()?;
        Ok((epoch(&response), IpAddr::from(address).to_canonical()))
    };
    let before = once_the_epoch_is_old(ask)?;
    assert_eq!(before.1, addresses[0]);
    assert!(connects(&servers[0], addresses[0], 8080)?, "the control");
    let start = Instant::now();
    router.set_default_gateway(servers[1].ipv4())?;
    let after = ask()?;
    // One that goes on would be two seconds above it.
    assert!(u64::from(after.0) <= start.elapsed().as_secs(), "{before:?}, {after:?}");
    assert_eq!(after.1, addresses[1]);
    assert!(connects(&servers[1], addresses[1], 8080)?, "the forward goes along");
    Ok(())
}

/// Row 38: a client does not end a declared forward.
///
/// A forward that the test declares is not a lease, also where it is the same as one: no client ends it.
#[netns_test(requires(nat), deadline = "60s")]
fn a_client_does_not_end_a_declared_forward(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let nat = Nat::home().outside(OUTSIDE);
    router.nat(&nat)?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::Pcp])?;
    let _listener = client.tcp_listener(80)?;
    let outside = outside_address(&router)?;
    let ask = |seconds| -> TestResult<Mapped> {
        Ok(ask_by_pcp(&client, &router, &map_request(client.ipv4(), 1, [80, 8080], seconds, &[]))?.0)
    };
    assert_eq!(ask(3600)?, Mapped { code: 0, seconds: 3600, port: 8080 });
    assert_eq!(ask(0)?.code, 0);
    assert!(!connects(&server, outside, 8080)?, "the control: a client ends its lease");
    assert_eq!(ask(3600)?.port, 8080);
    router.nat(&nat.forward(NatTransport::Tcp, 8080, SocketAddrV4::new(client.ipv4(), 80)))?;
    assert_eq!(ask(0)?.code, 0, "there is no lease to end");
    assert!(connects(&server, outside, 8080)?);
    let other = ask(3600)?;
    assert!(other.code == 0 && other.port != 8080, "the declared forward has the port: {other:?}");
    Ok(())
}

/// Sends a request of HTTP and returns the response.
pub(crate) fn fetch(host: &Host, at: SocketAddr, request: &str) -> TestResult<String> {
    let mut stream = host.run(move || TcpStream::connect_timeout(&at, PATIENCE))??;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

/// Returns the text of an element.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    xml.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

/// Makes a call of UPnP.
fn call(host: &Host, at: SocketAddr, action: &str, arguments: &[(&str, &str)]) -> TestResult<String> {
    const SERVICE: &str = "urn:schemas-upnp-org:service:WANIPConnection:2";
    let arguments: Vec<_> = arguments.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    let arguments = arguments.concat();
    let call = format!("<u:{action} xmlns:u=\"{SERVICE}\">{arguments}</u:{action}>");
    let envelope = "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"";
    let body = format!("<s:Envelope {envelope}><s:Body>{call}</s:Body></s:Envelope>");
    let head = format!("POST /control HTTP/1.1\r\nHost: {at}\r\nSOAPAction: \"{SERVICE}#{action}\"");
    fetch(host, at, &format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// The arguments that identify a port of TCP.
fn key(port: &str) -> [(&'static str, &str); 3] {
    [("NewRemoteHost", ""), ("NewExternalPort", port), ("NewProtocol", "TCP")]
}

/// Asks for a port that leads to port 80 of an inside host.
fn add_by_upnp(
    host: &Host,
    at: SocketAddr,
    action: &str,
    port: &str,
    inside: &str,
    seconds: &str,
) -> TestResult<String> {
    let rest = [
        ("NewInternalPort", "80"),
        ("NewInternalClient", inside),
        ("NewEnabled", "1"),
        ("NewPortMappingDescription", "a &amp; b"),
        ("NewLeaseDuration", seconds),
    ];
    call(host, at, action, &[&key(port)[..], &rest].concat())
}

/// Searches for the gateway by multicast.
fn search(host: &Host, within: Duration) -> TestResult<Option<String>> {
    let (socket, mut buffer) = (host.udp_socket_at((host.ipv4(), 0))?, [0; 1500]);
    socket.set_read_timeout(Some(within))?;
    let target = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
    let search = format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {target}\r\n\r\n"
    );
    socket.send_to(search.as_bytes(), "239.255.255.250:1900")?;
    Ok(socket.recv(&mut buffer).ok().map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned()))
}

/// Row 38: port forwarding by UPnP.
///
/// A host finds its router by UPnP and forwards a port to itself.
#[netns_test(requires(nat), deadline = "60s")]
fn a_host_forwards_a_port_to_itself_by_upnp(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    assert_eq!(search(&client, SILENCE)?, None, "the control");
    let gateway = router.port_mapping_server([PortMappingProtocol::UpnpIgd])?;
    let response = search(&client, PATIENCE)?.ok_or("a response to the search")?;
    server.set_default_gateway(outside_address(&router)?)?;
    assert_eq!(search(&server, SILENCE)?, None, "hosts outside do not find it");
    let location = response.lines().find_map(|line| line.strip_prefix("LOCATION: http://")).ok_or("a location")?;
    let (at, path) = location.split_once('/').ok_or("a path")?;
    let at: SocketAddr = at.parse()?;
    assert_eq!(at.ip(), router.ipv4_towards(&client)?, "the inside address");
    let description = fetch(&client, at, &format!("GET /{path} HTTP/1.1\r\nHost: {at}\r\n\r\n"))?;
    assert_eq!(element(&description, "controlURL"), Some("/control"), "{description}");

    let outside = outside_address(&router)?;
    let _listeners: [TcpListener; 2] = [client.tcp_listener(80)?, neighbour.tcp_listener(80)?];
    let add = |host: &Host, action, port, inside: &str, seconds| add_by_upnp(host, at, action, port, inside, seconds);
    let (own, other) = (client.ipv4().to_string(), neighbour.ipv4().to_string());
    let address = call(&client, at, "GetExternalIPAddress", &[])?;
    assert_eq!(element(&address, "NewExternalIPAddress"), Some(outside.to_string().as_str()), "{address}");

    // A client that sends nothing keeps nobody waiting.
    let _silent = client.tcp_connect(at)?;
    let added = add(&client, "AddPortMapping", "8080", &own, "0")?;
    assert!(added.starts_with("HTTP/1.1 200 OK\r\n"), "{added}");
    assert!(connects(&server, outside, 8080)?);
    let entry = call(&neighbour, at, "GetSpecificPortMappingEntry", &key("8080"))?;
    let shown = ["NewInternalPort", "NewInternalClient", "NewPortMappingDescription"];
    assert_eq!(shown.map(|name| element(&entry, name)), ["80", &own, "a &amp; b"].map(Some), "{entry}");
    assert!(is_a_week(element(&entry, "NewLeaseDuration")), "{entry}");

    let refused = |response: &str| element(response, "errorCode").map(str::to_owned);
    for (response, code) in [
        (add(&neighbour, "AddPortMapping", "8080", &other, "0")?, "718"),
        (add(&neighbour, "AddPortMapping", "8081", &own, "0")?, "606"),
        (add(&neighbour, "AddPortMapping", "0", &other, "0")?, "716"),
        (add(&neighbour, "AddPortMapping", "a", &other, "0")?, "402"),
        (call(&neighbour, at, "DeletePortMapping", &key("8080"))?, "606"),
        (call(&neighbour, at, "DeletePortMapping", &key("8081"))?, "714"),
        (call(&neighbour, at, "ForceTermination", &[])?, "401"),
    ] {
        assert_eq!(refused(&response).as_deref(), Some(code), "{response}");
    }
    assert!(connects(&server, outside, 8080)? && !connects(&server, outside, 8081)?);

    // Another port where that one is taken, for a second.
    let any = add(&neighbour, "AddAnyPortMapping", "8080", &other, "1")?;
    let port: u16 = element(&any, "NewReservedPort").ok_or("a port")?.parse()?;
    assert!(port != 8080 && connects(&server, outside, port)?, "{any}");
    wait_until_closed(&server, outside, port)?;
    let deleted = call(&client, at, "DeletePortMapping", &key("8080"))?;
    assert!(deleted.starts_with("HTTP/1.1 200 OK\r\n"), "{deleted}");
    assert!(!connects(&server, outside, 8080)?);
    let unknown = fetch(&client, at, "GET /etc/passwd HTTP/1.1\r\n\r\n")?;
    assert!(unknown.starts_with("HTTP/1.1 404 Not Found\r\n"), "{unknown}");
    drop(gateway);
    assert_eq!(search(&client, SILENCE)?, None, "it has stopped");
    Ok(())
}

/// Row 38: ports of a range by UPnP.
///
/// A host lists ports by their range, and ends its own; WANIPConnection-v2, section 2.5.
#[netns_test(requires(nat))]
fn a_host_lists_and_ends_ports_of_a_range_by_upnp(mut lab: Lab) -> TestResult {
    let Home { client, neighbour, router, servers: [server, _] } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let _gateway = router.port_mapping_server([PortMappingProtocol::UpnpIgd])?;
    let at = gateway_of(&client)?;
    let outside = outside_address(&router)?;
    let _listeners: [TcpListener; 2] = [client.tcp_listener(80)?, neighbour.tcp_listener(80)?];
    for (host, port) in [(&client, "8082"), (&client, "8080"), (&neighbour, "8081"), (&client, "9000")] {
        let added = add_by_upnp(host, at, "AddPortMapping", port, &host.ipv4().to_string(), "0")?;
        assert!(added.starts_with("HTTP/1.1 200 OK\r\n"), "{added}");
    }
    let range = |first, last, manage, number| {
        let ports = [("NewStartPort", first), ("NewEndPort", last), ("NewProtocol", "TCP")];
        [&ports[..], &[("NewManage", manage), ("NewNumberOfPorts", number)]].concat()
    };
    // The ports in the order of the list, or the error.
    let listed = |first, last, manage, number| -> TestResult<Vec<String>> {
        let response = call(&client, at, "GetListOfPortMappings", &range(first, last, manage, number))?;
        if let Some(error) = element(&response, "errorCode") {
            return Ok(vec![format!("error {error}")]);
        }
        let listing = element(&response, "NewPortListing").ok_or("a listing")?;
        let listing = listing.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        let entries = listing.split("<p:PortMappingEntry>").skip(1).map(|entry| {
            let shown = ["p:NewDescription", "p:NewInternalPort"].map(|name| element(entry, name));
            assert_eq!(shown, ["a &amp; b", "80"].map(Some), "{entry}");
            assert!(is_a_week(element(entry, "p:NewLeaseTime")), "{entry}");
            Ok(element(entry, "p:NewExternalPort").ok_or("a port")?.to_owned())
        });
        entries.collect()
    };
    assert_eq!(listed("8000", "8999", "0", "0")?, ["8080", "8082"]);
    assert_eq!(listed("8000", "8999", "1", "0")?, ["8080", "8081", "8082"]);
    assert_eq!(listed("8000", "8999", "1", "2")?, ["8080", "8081"]);
    assert_eq!(listed("8083", "8999", "1", "0")?, ["error 730"]);
    assert_eq!(listed("8999", "8000", "1", "0")?, ["error 733"]);
    assert_eq!(listed("a", "8999", "1", "0")?, ["error 402"]);

    let ended = |first, last, manage| -> TestResult<Option<String>> {
        let response = call(&client, at, "DeletePortMappingRange", &range(first, last, manage, "0")[..4])?;
        assert_eq!(
            element(&response, "errorCode").is_none(),
            response.starts_with("HTTP/1.1 200 OK\r\n"),
            "{response}"
        );
        Ok(element(&response, "errorCode").map(str::to_owned))
    };
    assert_eq!(ended("8000", "8999", "1")?.as_deref(), Some("606"));
    assert_eq!(ended("8081", "8081", "0")?.as_deref(), Some("730"), "the port of another");
    assert_eq!(ended("8999", "8000", "0")?.as_deref(), Some("733"));
    let open = || {
        ["8080", "8081", "8082", "9000"]
            .map(|port| connects(&server, outside, port.parse().unwrap_or(0)).is_ok_and(|is| is))
    };
    assert_eq!(open(), [true; 4], "the control");
    assert_eq!(ended("8000", "8999", "0")?, None);
    assert_eq!(open(), [false, true, false, true]);
    assert_eq!(listed("8000", "8999", "0", "0")?, ["error 730"]);
    Ok(())
}

/// Whether a week remains, but for the seconds that the test took.
fn is_a_week(seconds: Option<&str>) -> bool {
    seconds.and_then(|seconds| seconds.parse().ok()).is_some_and(|seconds: u32| (604_700..=604_800).contains(&seconds))
}

/// Returns where the gateway that a host finds has its description and its control.
fn gateway_of(host: &Host) -> TestResult<SocketAddr> {
    let response = search(host, PATIENCE)?.ok_or("a response to the search")?;
    let location = response.lines().find_map(|line| line.strip_prefix("LOCATION: http://")).ok_or("a location")?;
    Ok(location.split_once('/').ok_or("a path")?.0.parse()?)
}

/// Row 38: a lease of PCP beside other protocols.
///
/// One table for all protocols: a lease of PCP needs its nonce, and each port of a socket is found by its number.
#[netns_test(requires(nat), deadline = "60s")]
fn protocols_of_port_mappings_keep_to_the_nonce_of_a_lease(mut lab: Lab) -> TestResult {
    const PREFER_FAILURE: [u8; 4] = [2, 0, 0, 0];
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let all = [PortMappingProtocol::NatPmp, PortMappingProtocol::Pcp, PortMappingProtocol::UpnpIgd];
    let _mappings = router.port_mapping_server(all)?;
    let outside = outside_address(&router)?;
    let _listener = client.tcp_listener(80)?;
    let at = gateway_of(&client)?;
    let own = client.ipv4().to_string();
    let by_upnp = |action, port| -> TestResult<Option<String>> {
        Ok(element(&add_by_upnp(&client, at, action, port, &own, "0")?, "errorCode").map(str::to_owned))
    };
    let description = |port| -> TestResult<Option<String>> {
        let entry = call(&client, at, "GetSpecificPortMappingEntry", &key(port))?;
        Ok(element(&entry, "NewPortMappingDescription").map(str::to_owned))
    };
    // Returns the result and the outside port.
    let by_nat_pmp = |inside: u16, suggested: u16, seconds: u32| -> TestResult<(u16, u16)> {
        let (socket, mut response) = (client.udp_socket(0)?, [0; 16]);
        socket.set_read_timeout(Some(PATIENCE))?;
        let ports = [inside.to_be_bytes(), suggested.to_be_bytes()].concat();
        let request = [&[0, 2, 0, 0][..], &ports, &seconds.to_be_bytes()].concat();
        socket.send_to(&request, (router.ipv4_towards(&client)?, PORT))?;
        assert_eq!(socket.recv(&mut response)?, 16);
        let word = |place: usize| u16::from_be_bytes([response[place], response[place + 1]]);
        Ok((word(2), word(10)))
    };
    let by_pcp = |nonce, suggested, seconds, options: &[u8]| -> TestResult<Mapped> {
        Ok(ask_by_pcp(&client, &router, &map_request(client.ipv4(), nonce, [80, suggested], seconds, options))?.0)
    };

    // UPnP forwards two ports to one socket, and the others find each.
    for port in ["8080", "8081"] {
        assert_eq!(by_upnp("AddPortMapping", port)?, None);
    }
    assert_eq!(by_nat_pmp(80, 8081, 3600)?, (0, 8081));
    assert_eq!(description("8081")?.as_deref(), Some("a &amp; b"), "a renewal keeps the description");
    assert_eq!(by_pcp(1, 8081, 3600, &PREFER_FAILURE)?, Mapped { code: 0, seconds: 3600, port: 8081 });

    // From here on, 8081 is a lease of PCP.
    assert_eq!(by_pcp(9, 8080, 3600, &[])?.code, 2, "the socket has a lease with another nonce");
    assert_eq!(by_nat_pmp(80, 8081, 3600)?.0, 2, "NOT_AUTHORIZED");
    assert_eq!(by_upnp("AddPortMapping", "8081")?.as_deref(), Some("606"));
    assert_eq!(by_upnp("DeletePortMapping", "8081")?.as_deref(), Some("606"));
    assert_eq!(by_pcp(9, 8081, 0, &[])?.code, 2, "its nonce is still known");
    assert!(connects(&server, outside, 8080)? && connects(&server, outside, 8081)?, "nothing has ended");
    // NAT-PMP ends as many of the host's as it may.
    assert_eq!(by_nat_pmp(0, 0, 0)?.0, 2, "NOT_AUTHORIZED");
    assert!(!connects(&server, outside, 8080)? && connects(&server, outside, 8081)?);
    assert_eq!(by_pcp(1, 8081, 0, &[])?.code, 0);
    assert!(!connects(&server, outside, 8081)?);
    Ok(())
}

/// Row 38: a port that is not granted is not open.
///
/// The kernel takes the forward, but not the mapping of a connection beside it: the set of ports in use is full.
#[netns_test(requires(nat, nft), deadline = "120s")]
fn a_port_that_is_not_granted_is_not_open(mut lab: Lab) -> TestResult {
    require_program("nft")?;
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let _mappings = router.port_mapping_server([PortMappingProtocol::Pcp])?;
    let _listener = client.tcp_listener(80)?;
    let outside = outside_address(&router)?;
    let ask = || -> TestResult<u8> {
        let request = map_request(client.ipv4(), 1, [80, 8080], 3600, &[]);
        Ok(ask_by_pcp(&client, &router, &request)?.0.code)
    };
    let by_nft = |text: &str| -> TestResult {
        let mut file = tempfile::tempfile()?;
        file.write_all(text.as_bytes())?;
        file.rewind()?;
        let mut command = router.command("nft")?;
        command.args(["--file", "-"]).stdin(file).keep_capabilities([Capability::NET_ADMIN]).output()?.success()?;
        Ok(())
    };
    let reflector = Reflector::on(&server, 3478)?;
    let SocketAddr::V4(seen) = reflector.sees(&bound(&client)?)? else { return Err("IPv4".into()) };
    // All ports but the one of the connection, and another one in its place.
    let others = (1..=u16::MAX).filter(|port| *port != seen.port()).map(|port| format!("udp . {port} timeout 1h"));
    let full: Vec<_> = others.chain(["tcp . 1 timeout 1h".to_owned()]).collect();
    let emptied = "flush set inet netns-testkit-nat ports";
    by_nft(emptied)?;
    // A netlink message is at most 208 KiB long by default.
    for elements in full.chunks(1500) {
        by_nft(&format!("add element inet netns-testkit-nat ports {{ {} }}", elements.join(", ")))?;
    }
    assert_eq!(ask()?, 7, "NETWORK_FAILURE");
    assert!(!connects(&server, outside, 8080)?);
    let is_seen = |mapping: &NatMapping| mapping.outside == seen;
    assert!(router.nat_mappings()?.iter().any(is_seen), "the mappings are as before");
    by_nft(emptied)?;
    assert_eq!(ask()?, 0, "the control");
    assert!(connects(&server, outside, 8080)?);
    Ok(())
}

/// Row 38: port mappings without a protocol or a translation are refused.
///
/// A server of port mappings starts only with a protocol and beside a translation.
#[netns_test(requires(nat))]
fn a_server_of_port_mappings_needs_a_protocol_and_a_translation(mut lab: Lab) -> TestResult {
    let Home { router, .. } = home(&mut lab)?;
    let refused = format!("{:#}", router.port_mapping_server([PortMappingProtocol::Pcp]).expect_err("no NAT"));
    assert!(refused.contains("the router \"router\" translates nothing"), "{refused}");
    router.nat(&Nat::home().outside(OUTSIDE))?;
    let refused = format!("{:#}", router.port_mapping_server([]).expect_err("no protocol"));
    assert!(refused.contains("has no protocol for its port mappings"), "{refused}");
    let all = [PortMappingProtocol::NatPmp, PortMappingProtocol::Pcp, PortMappingProtocol::UpnpIgd];
    let _mappings = router.port_mapping_server(all)?;
    assert!(router.port_mapping_server([PortMappingProtocol::NatPmp]).is_err(), "the port is taken");
    Ok(())
}

/// Rows 38, 92: a rebooted router has lost its port mappings.
///
/// A router that starts again has neither its translation nor its leases; a new server has the port, whatever became of the old one.
#[netns_test(requires(nat), deadline = "60s")]
fn a_rebooted_router_has_lost_its_port_mappings(mut lab: Lab) -> TestResult {
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let nat = Nat::home().outside(OUTSIDE);
    router.nat(&nat)?;
    let _before = router.port_mapping_server([PortMappingProtocol::Pcp, PortMappingProtocol::UpnpIgd])?;
    let outside = outside_address(&router)?;
    let request = map_request(client.ipv4(), 1, [80, 8080], 3600, &[]);
    assert_eq!(ask_by_pcp(&client, &router, &request)?.0, Mapped { code: 0, seconds: 3600, port: 8080 });
    let listener = client.tcp_listener(80)?;
    assert!(connects(&server, outside, 8080)?, "the control");
    lab.reboot(&router)?;
    assert!(router.port_mapping_server([PortMappingProtocol::Pcp]).is_err(), "it translates nothing");
    router.nat(&nat)?;
    assert!(!connects(&server, outside, 8080)?, "forgotten");
    let _after = router.port_mapping_server([PortMappingProtocol::Pcp, PortMappingProtocol::UpnpIgd])?;
    assert_eq!(ask_by_pcp(&client, &router, &request)?.0, Mapped { code: 0, seconds: 3600, port: 8080 });
    assert!(connects(&server, outside, 8080)?);
    assert!(search(&client, PATIENCE)?.is_some());
    drop(listener);
    Ok(())
}
