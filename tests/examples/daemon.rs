//! A daemon of the distribution, and a client that sends it a query.
//!
//! Copy the file into the `tests` folder of your package; it needs tokio with the features `net` and `rt`. If dnsmasq is not
//! installed, the test is skipped visibly. Here, `cargo test -p netns-tests --test examples daemon` runs it.
//!
//! For a program of your own package, use `own.command(cargo_bin!("my-server"))`.

use std::net::Ipv4Addr;

use netns_fixtures::prelude::*;
use netns_fixtures::requirements::require_program;
use tokio::net::UdpSocket;

/// A query for the IPv4 address of `example.test`; source: RFC 1035, section 4.
const QUESTION: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x04test\x00\x00\x01\x00\x01";

/// If the test fails, its report contains the output of dnsmasq. However the test ends, dnsmasq is gone.
#[netns_test(deadline = "10s")]
async fn the_name_server_knows_the_address(own: Namespace) -> TestResult {
    require_program("dnsmasq")?;
    let mut dnsmasq = own
        .command("dnsmasq")
        .args(["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"])
        .option("--address", "/example.test/198.51.100.7")
        .ready_when(Ready::udp_port(53))
        .spawn_async()
        .await?;

    let client = UdpSocket::bind("127.0.0.1:0").await?;
    client.send_to(QUESTION, "127.0.0.1:53").await?;
    let mut answer = [0; 512];
    let (length, _) = client.recv_from(&mut answer).await?;
    assert_eq!(answer[length - 4..length], Ipv4Addr::new(198, 51, 100, 7).octets());

    assert!(dnsmasq.stop_async().await?.success());
    Ok(())
}
