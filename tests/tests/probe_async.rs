//! Every probe in a runtime of one thread, in which the server is a task: a probe that blocked the thread would wait for itself.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use netns_fixtures::net::address::MacAddr;
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, PathProtocol, ProbeError, Protocol, TransportFailure, matrix};
use netns_fixtures::{BoxError, Error};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, SockaddrIn, SockaddrLike, recvfrom, sendto};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinHandle;

const SHORT: Duration = Duration::from_millis(200);

/// Aborts the task at the end of the test.
struct Server(JoinHandle<TestResult>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs a server as a task of this runtime.
fn serve(server: impl Future<Output = TestResult> + Send + 'static) -> Server {
    Server(tokio::spawn(server))
}

/// Receives one packet.
async fn next<A: SockaddrLike>(socket: &AsyncFd<OwnedFd>, buffer: &mut [u8]) -> TestResult<(usize, Option<A>)> {
    loop {
        let mut ready = socket.readable().await?;
        match recvfrom::<A>(socket.get_ref().as_raw_fd(), buffer) {
            Err(Errno::EAGAIN) => ready.clear_ready(),
            answer => return Ok(answer?),
        }
    }
}

/// Answers IPv4 echo requests in place of the kernel.
fn ping_server(host: &Host) -> TestResult<Server> {
    host.set_sysctl("net.ipv4.icmp_echo_ignore_all", "1")?;
    let socket = host.tokio_descriptor(host.raw_socket(Ipv4Addr::UNSPECIFIED.into(), 1)?)?;
    Ok(serve(async move {
        let mut buffer = vec![0; 65_536];
        loop {
            let (length, from) = next::<SockaddrIn>(&socket, &mut buffer).await?;
            let header = usize::from(buffer[0] & 0x0f) * 4;
            let message = &mut buffer[header..length];
            if message[0] != 8 {
                continue;
            }
            // From request to reply, and the checksum with it; RFC 1624.
            message[0] = 0;
            let sum = u32::from(u16::from_be_bytes([message[2], message[3]])) + 0x0800;
            let folded = u16::try_from((sum & 0xffff) + (sum >> 16))?;
            message[2..4].copy_from_slice(&folded.to_be_bytes());
            sendto(socket.get_ref().as_raw_fd(), message, &from.ok_or("no sender")?, MsgFlags::empty())?;
        }
    }))
}

/// Answers ARP for the host's address in place of the kernel.
fn arp_server(host: &Host) -> TestResult<Server> {
    host.set_sysctl("net.ipv4.conf.all.arp_ignore", "8")?;
    let socket = host.tokio_descriptor(host.packet_socket("eth0")?)?;
    let (address, MacAddr(mac)) = (host.ipv4().octets(), host.mac("eth0")?);
    Ok(serve(async move {
        let mut buffer = vec![0; 2048];
        loop {
            let (length, _) = next::<()>(&socket, &mut buffer).await?;
            let frame = &buffer[..length];
            // A request for the address; RFC 826.
            if length < 42 || frame[12..14] != [8, 6] || frame[20..22] != [0, 1] || frame[38..42] != address {
                continue;
            }
            let asking = &frame[22..32];
            let mut reply = [&frame[6..12], &mac, &frame[12..20], &[0, 2], &mac, &address, asking].concat();
            reply.resize(60, 0);
            nix::unistd::write(socket.get_ref(), &reply)?;
        }
    }))
}

fn echo_servers(host: &Host, port: u16) -> TestResult<[Server; 2]> {
    let (listener, datagrams) = (host.tokio_tcp_listener(port)?, host.tokio_udp_socket(port)?);
    let streams = serve(async move {
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut buffer = [0; 16];
            // A client that gave up has reset its connection.
            while stream.read_exact(&mut buffer).await.is_ok() && stream.write_all(&buffer).await.is_ok() {}
        }
    });
    let datagrams = serve(async move {
        let mut buffer = [0; 1024];
        loop {
            let (length, from) = datagrams.recv_from(&mut buffer).await?;
            datagrams.send_to(&buffer[..length], from).await?;
        }
    });
    Ok([streams, datagrams])
}

fn is_one_thread() -> bool {
    Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread
}

/// Checks that other tasks can run the future of a probe.
fn sent<F: Future + Send>(future: F) -> F {
    future
}

#[netns_test]
async fn pings_are_answered_by_a_task(net: Pair) -> TestResult {
    assert!(is_one_thread());
    let _server = ping_server(&net.server)?;
    let ping = || net.client.ping(&net.server).timeout(SHORT);
    // The control: without the runtime, no task answers.
    assert_eq!(ping().count(1).run()?.statistics().received, 0);

    sent(ping().run_async()).await?.expect_all()?;
    sent(ping().expect_reachable_async()).await?;
    let pinger = sent(ping().interval(Duration::from_millis(1)).start_async()).await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(pinger.statistics().received > 0, "{}", pinger.statistics());
    sent(pinger.stop_async()).await?.expect_all()?;
    let counted = ping().count(5).start_async().await?;
    assert_eq!(sent(counted.wait_async()).await?.expect_all()?.statistics().sent, 5);

    let fast = ping().interval(Duration::from_millis(1));
    let change = fast.during_async(async || {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok::<_, BoxError>("done")
    });
    let change = change.await?;
    assert_eq!(change.expect_recovered()?.value, "done");

    let nobody = Ipv4Addr::from_bits(net.server.ipv4().to_bits() | 0xf0);
    let absent = net.client.ping(nobody).timeout(SHORT);
    sent(absent.expect_unreachable_with_control_async(&net.server)).await?.because(Absence::Silence)?;
    let there = ping().expect_unreachable_with_control_async(&net.server).await.unwrap_err();
    assert!(matches!(there.downcast_ref(), Some(ProbeError::Mismatch { .. })), "{there}");
    // Its control is a connection between the same hosts.
    let both = net.client.ping(&net.server).expect_unreachable_async().await.unwrap_err();
    assert!(matches!(both.downcast_ref(), Some(ProbeError::Mismatch { .. })), "{both}");

    sent(matrix(&[net.client.clone(), net.server.clone()]).timeout(SHORT).run_async()).await?.expect_all()?;
    let trace = net.client.trace(&net.server).protocol(PathProtocol::Icmp).timeout(SHORT);
    sent(trace.run_async()).await?.expect_reached()?;
    let size = net.client.path_mtu(&net.server).protocol(PathProtocol::Icmp).timeout(SHORT);
    assert_eq!(sent(size.run_async()).await?.mtu, 1500);
    sent(net.client.trace(&net.server).timeout(SHORT).run_async()).await?.expect_reached()?;
    assert_eq!(sent(net.client.path_mtu(&net.server).timeout(SHORT).run_async()).await?.mtu, 1500);
    Ok(())
}

#[netns_test]
async fn questions_on_a_link_are_answered_by_a_task(net: Pair) -> TestResult {
    assert!(is_one_thread());
    let _server = arp_server(&net.server)?;
    let arping = || net.client.arping(&net.server).timeout(SHORT);
    assert_eq!(arping().run()?.macs(), [], "the control: without the runtime nobody answers");
    assert_eq!(sent(arping().run_async()).await?.expect_one()?, net.server.mac("eth0")?);
    let nobody = Ipv4Addr::from_bits(net.server.ipv4().to_bits() | 0xf0);
    sent(net.client.arping(nobody).timeout(SHORT).expect_unreachable_with_control_async(&net.server)).await?;
    net.client.find_duplicates(net.server.ipv4()).timeout(SHORT).run_async().await?.expect_any()?;
    net.client.announce(net.client.ipv4()).run_async().await?.expect_none()?;
    Ok(())
}

#[netns_test]
async fn exchanges_are_answered_by_a_task(net: Pair) -> TestResult {
    assert!(is_one_thread());
    let _servers = echo_servers(&net.server, 7)?;
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let echo = || net.client.echo(&net.server, protocol, 7).timeout(SHORT);
        let blocked = echo().run().unwrap_err();
        let Some(ProbeError::NotConnected { failure, .. }) = blocked.downcast_ref() else { panic!("{blocked}") };
        assert!(matches!(failure, TransportFailure::Filtered { .. }), "the control: {failure}");
        sent(echo().run_async()).await?;

        let connect = |port| net.client.connect(&net.server, protocol, port).payload("question").timeout(SHORT);
        sent(connect(7).run_async()).await?.expect_connected()?;
        let open = connect(7);
        let absent = connect(9);
        sent(absent.expect_unreachable_with_control_async(&open)).await?.because(Absence::Refused)?;

        // Both ends of a tester are in one task.
        let tester = net.client.connectivity(&net.server, protocol).timeout(SHORT);
        let mut tester = sent(tester.start_async()).await?;
        sent(tester.check_async()).await?;
        tester.establish_async().await?;
        sent(tester.respawn_async()).await?;
        tester.check_async().await?;
        let there = tester.expect_unreachable_async().await.unwrap_err();
        assert!(matches!(there.downcast_ref(), Some(ProbeError::Mismatch { .. })), "{there}");
    }
    Ok(())
}

/// While a probe waits, tasks of its runtime run.
#[netns_test]
async fn a_tester_leaves_the_runtime_free(net: Pair) -> TestResult {
    let mut tester = net.client.connectivity(&net.server, Protocol::Udp).start_async().await?;
    let turns = tokio::spawn(async {
        let mut turns = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            turns += 1;
            if turns == 50 {
                return turns;
            }
        }
    });
    // The probe waits for two seconds, and the task takes half a second.
    sent(tester.establish_assured_async()).await?;
    assert!(turns.is_finished());
    Ok(())
}

/// Nobody answers the reflector's clients: the answers go to an address without a host.
#[netns_test]
async fn a_client_of_a_reflector_leaves_the_runtime_free(net: Pair) -> TestResult {
    let reflector = net.server.reflector(3478)?;
    let observed = sent(net.client.observed_address_async(&reflector)).await?;
    assert_eq!(sent(reflector.observe_async(&net.client.udp_socket(0)?)).await?.ip(), observed.ip());
    assert_eq!(observed.ip().to_canonical(), net.client.ipv4());
    net.server.set_neighbour("eth0", net.client.ipv4(), MacAddr([2, 0, 0, 0, 0, 0x99]))?;
    let turns = tokio::spawn(async {
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    // The client waits for five seconds, and the task takes half a second.
    let silent = net.client.observed_address_async(&reflector).await.unwrap_err();
    assert!(matches!(silent.downcast_ref(), Some(ProbeError::NotReflected { .. })), "{silent}");
    assert!(turns.is_finished());
    Ok(())
}

/// The kernel looks for a duplicate for more than a second, and the task takes half of one.
#[netns_test]
async fn changes_that_wait_leave_the_runtime_free(net: Pair) -> TestResult {
    assert!(is_one_thread());
    let turns = tokio::spawn(async {
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    sent(net.client.add_unique_address_async("eth0", "2001:db8::7/64".parse()?)).await?;
    assert!(turns.is_finished());
    assert!(net.client.addresses("eth0")?.contains(&"2001:db8::7/64".parse()?));
    let sleeper = net.client.command("sleep")?.arg("600").spawn()?;
    let state = || -> TestResult<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", sleeper.id()))?;
        Ok(stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).ok_or("a state")?)
    };
    sent(net.client.suspend_async()).await?;
    assert_eq!(state()?, 'T');
    sent(net.client.resume_async()).await?;
    assert_ne!(state()?, 'T');
    Ok(())
}

/// Every method with an async form has a case in this file.
#[test]
fn each_async_form_of_a_probe_has_a_case() {
    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("the sources").map(|entry| entry.expect("an entry").path()) {
            match entry.extension() {
                Some(_) => found.push(std::fs::read_to_string(&entry).expect("a source")),
                None => sources(&entry, found),
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/src/probe");
    if !folder.exists() {
        return netns_tests::witness::skip("needs the sources, which a virtual machine has not");
    }
    let mut found = Vec::new();
    sources(&folder, &mut found);
    let methods = |text: &String| {
        let names = text.split("pub async fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let methods: BTreeSet<String> = found.iter().flat_map(methods).collect();
    assert!(methods.len() > 10 && methods.contains("run_async"), "the control: {methods:?}");
    let cases = include_str!("probe_async.rs");
    let missing: Vec<_> = methods.iter().filter(|name| !cases.contains(&format!(".{name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[netns_test]
async fn a_probe_that_is_dropped_sends_no_more(net: Pair) -> TestResult {
    let received = || net.server.statistics("eth0").map(|count| count.rx_packets);
    let ping = net.client.ping(&net.server).count(100_000).interval(Duration::from_millis(1));
    let cut = tokio::time::timeout(Duration::from_millis(400), ping.run_async()).await;
    assert!(cut.is_err());
    let after = received()?;
    assert!(after > 10, "the control: it did send: {after}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Neighbour discovery may add a frame or two; the ping would have added a hundred.
    assert!(received()? < after + 20, "{} after {after}", received()?);
    Ok(())
}

#[netns_test]
async fn an_error_of_the_change_is_the_error_of_the_probe(net: Pair) -> TestResult {
    let ping = net.client.ping(&net.server).interval(Duration::from_millis(1));
    let failed = ping.during(|| Err::<(), BoxError>("the change failed".into())).unwrap_err();
    assert_eq!(failed.to_string(), "the change failed");
    let failed = ping.during_async(async || net.server.link_down("eth9")).await.unwrap_err();
    assert!(format!("{failed:#}").contains("eth9"), "{failed}");
    // The control: a change that works is not an error.
    let fine: Result<_, Error> = ping.during(|| net.server.link_up("eth0"));
    fine?.expect_recovered()?;
    Ok(())
}
