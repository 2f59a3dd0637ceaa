//! The first test with the attribute: it has its own network.

#![forbid(unsafe_code)]

use std::net::{TcpListener, TcpStream, ToSocketAddrs};

use netns_fixtures::prelude::*;

#[netns_test]
fn a_fixed_port_is_free_in_a_network_of_ones_own(own: Namespace) -> TestResult {
    assert_ne!(own.inode(), 0);
    let listener = TcpListener::bind("127.0.0.1:53")?;
    TcpStream::connect(listener.local_addr()?)?;
    Ok(())
}

#[netns_test]
async fn so_it_is_for_a_test_beside_it() -> TestResult {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:53").await?;
    tokio::net::TcpStream::connect(listener.local_addr()?).await?;
    Ok(())
}

#[netns_test]
#[should_panic(expected = "the cable is cut")]
fn a_panic_that_was_asked_for_is_a_pass() {
    panic!("at noon the cable is cut");
}

#[netns_test]
fn only_the_loopback_device_is_to_be_seen() -> TestResult {
    let mut shown_by_sysfs = Vec::new();
    for entry in std::fs::read_dir("/sys/class/net")? {
        let entry = entry?;
        // Devices are links; `bonding_masters` is a file, where the kernel has bonding.
        if entry.file_type()?.is_symlink() {
            shown_by_sysfs.push(entry.file_name());
        }
    }
    assert_eq!(shown_by_sysfs, ["lo"]);
    let shown_by_proc = std::fs::read_to_string("/proc/net/dev")?;
    // Two lines of headings come first; source: proc_net(5).
    assert_eq!(shown_by_proc.lines().count(), 3, "{shown_by_proc}");
    Ok(())
}

#[netns_test]
fn its_own_name_and_localhost_resolve_in_both_families() -> TestResult {
    resolve("netns-test")
}

#[netns_test(hostname = "router-7")]
fn so_does_a_name_that_was_asked_for() -> TestResult {
    resolve("router-7")
}

fn resolve(own: &str) -> TestResult {
    assert_eq!(std::fs::read_to_string("/proc/sys/kernel/hostname")?.trim(), own);
    for name in [own, "localhost"] {
        let addresses: Vec<_> = (name, 80).to_socket_addrs()?.map(|address| address.ip()).collect();
        assert!(addresses.iter().all(std::net::IpAddr::is_loopback), "{name}: {addresses:?}");
        assert!(addresses.iter().any(std::net::IpAddr::is_ipv4), "{name}: {addresses:?}");
        assert!(addresses.iter().any(std::net::IpAddr::is_ipv6), "{name}: {addresses:?}");
    }
    // The control: another name does not resolve.
    assert!(("no-such-machine", 80).to_socket_addrs().is_err());
    Ok(())
}
