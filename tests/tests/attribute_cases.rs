//! Attributes of other crates that turn one function into several tests: rstest, test-case, proptest.

#![forbid(unsafe_code)]

use std::net::{TcpListener, UdpSocket};
use std::process::Command;

use netns_fixtures::prelude::*;
use rstest::{fixture, rstest};
use test_case::test_case;

/// Fails if two cases share a network, or if a case runs twice in one.
fn take(port: u16) -> TestResult {
    assert_eq!(std::process::id(), 2, "isolated");
    Box::leak(Box::new(TcpListener::bind(("127.0.0.1", port))?));
    Ok(())
}

#[test_case(80; "http")]
#[test_case(53; "dns")]
#[netns_test]
fn of_test_case(port: u16) -> TestResult {
    take(port)
}

#[test_case(80; "http")]
#[test_case(53; "dns")]
#[netns_test(deadline = "20s")]
async fn of_test_case_asynchronously(port: u16) -> TestResult {
    tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(())
}

/// A fixture of rstest that returns one of this crate.
#[fixture]
fn net() -> Pair {
    Pair::set_up(&TestContext::current()).expect("two hosts")
}

#[rstest]
#[case::http(80)]
#[case::dns(53)]
#[netns_test]
fn of_rstest(#[case] port: u16) -> TestResult {
    take(port)
}

#[rstest]
#[case::http(80)]
#[case::dns(53)]
#[netns_test]
fn of_rstest_with_hosts(net: Pair, #[case] port: u16) -> TestResult {
    let listener = net.server.tcp_listener(port)?;
    net.client.tcp_connect((net.server.addr(), port))?;
    listener.accept()?;
    Ok(())
}

#[rstest]
#[case::http(80)]
#[test_attr(netns_test(deadline = "20s"))]
async fn of_rstest_asynchronously(
    net: Pair,
    #[case] port: u16,
    #[values("::1", "127.0.0.1")] address: &str,
) -> TestResult {
    let _home = tokio::net::TcpListener::bind((address, port)).await?;
    net.server.tokio_tcp_listener(port)?;
    Ok(())
}

#[rstest]
#[case::on_purpose(80)]
#[netns_test]
#[ignore = "fails on purpose; run by the test below"]
fn of_rstest_that_fails(net: Pair, #[case] port: u16) -> TestResult {
    net.client.tcp_connect((net.server.addr(), port))?;
    Ok(())
}

#[test]
fn a_case_that_fails_is_named_and_runs_once() {
    let mut libtest = Command::new("/proc/self/exe");
    let ended = libtest.args(["--ignored", "of_rstest_that_fails"]).output().expect("libtest starts");
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(101), "{printed}");
    assert!(printed.contains("test of_rstest_that_fails::case_1_on_purpose ... FAILED"), "{printed}");
    assert!(printed.contains("Connection refused"), "{printed}");
    assert_eq!(printed.matches("journal of the test").count(), 1, "{printed}");
}

/// A body is one test, so all values of a property share its network.
#[netns_test]
fn of_proptest() {
    proptest::proptest!(proptest::prelude::ProptestConfig::with_cases(8), |(port in 1_u16..)| {
        proptest::prop_assert!(UdpSocket::bind(("127.0.0.1", port)).is_ok());
    });
}
