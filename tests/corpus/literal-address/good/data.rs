//! Texts that are data, or no addresses at all.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

/// Resolves `"10.2.0.52"` to itself.
fn documented(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn what_a_parser_is_tested_with() {
    assert_eq!("10.0.0.1".parse::<Ipv4Addr>().unwrap(), Ipv4Addr::new(10, 0, 0, 1));
    assert_eq!(documented("10.2.0.52").to_string(), "10.2.0.52"); //~ pedantic: literal-address
}

#[test]
fn a_table_of_cases() {
    for (text, length) in [("192.168.1.1/24", 24), ("8.8.8.8/32", 32), ("fd00::/8", 8)] {
        assert_eq!(parse_network(text).unwrap().length(), length);
    }
}

#[test]
fn an_object_identifier() {
    assert_eq!(identifier("1.2.840.10045.2.1").arcs().count(), 6);
}

#[test]
fn a_version() {
    Command::new("tool").args(["--version", "1.2.3"]).status().unwrap();
    Command::new("apt-get").args(["install", "tool=2.4.1.3-2"]).status().unwrap(); //~ unbounded-wait
    assert_eq!(version(), "1.2.3.4");
}

#[test]
fn a_version_of_four_parts_behind_its_option() {
    Command::new("tool").arg("--api-version=10.0.17763.1").status().unwrap();
}

#[test]
fn a_packet_that_is_built() {
    let packet = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(1, 2);
    let more = etherparse::PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    assert_ne!(bytes(packet), bytes(more));
}

#[test]
fn a_file_that_is_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("capture.txt"), "10.3.0.1 > 10.3.0.2: ICMP\n").unwrap();
}

#[test]
fn a_configuration_with_loopback() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dnsmasq.conf"), "listen-address=127.0.0.1\n").unwrap();
}

#[test]
fn what_is_printed_and_compared() {
    println!("try 192.168.1.1");
    assert_eq!(shown(), "inet 10.0.0.1/24 scope global");
}

#[test]
fn what_a_mock_answers() {
    let server = mock().with_body(r#"{"ip":"10.1.2.3"}"#);
    assert_eq!(client(server).address(), "10.1.2.3");
}

#[test]
fn a_header() {
    let request = request().header("x-forwarded-for", "10.0.0.7"); //~ pedantic: literal-address
    assert_eq!(origin(request), documented("10.0.0.7"));
}

#[test]
fn a_zone_that_is_parsed() {
    let zone = parse_zone("www 3600 IN A 10.0.0.1\n").unwrap();
    assert_eq!(zone.records().len(), 1);
}

#[test]
fn an_echo() {
    Command::new("echo").arg("build 4.15.0.142").status().unwrap();
}

#[test]
fn one_of_two_constants_of_a_name() {
    const PEER: &str = "127.0.0.1:0";
    std::net::UdpSocket::bind(PEER).unwrap();
}

#[test]
fn the_other_of_two_constants_of_a_name() {
    const PEER: &str = "10.0.0.1:53";
    assert_eq!(PEER.len(), 11);
}
