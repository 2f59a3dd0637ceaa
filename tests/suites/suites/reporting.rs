//! Tests that return the errors of labs and probes, one test for each variant, and an error of each other kind. `error_reports.rs` compares
//! the printed reports.
//!
//! The errors of labs and probes are constructed: other tests provoke those that this kernel can show.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::net::address::{AddressError, MacAddr};
use netns_fixtures::net::condition::ConditionError;
use netns_fixtures::net::{FirewallError, LabError, NatError, NftTextError, Protocol};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Family, ProbeError, Side, TransportFailure};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));

fn a() -> String {
    "a".to_owned()
}

fn b() -> String {
    "b".to_owned()
}

fn eth0() -> String {
    "eth0".to_owned()
}

/// Two lines, as the state of both ends has.
fn evidence() -> Box<str> {
    "\"a\": eth0 up\n\"b\": eth0 down".into()
}

fn returned(error: impl Into<Error>) -> TestResult {
    let error = error.into();
    eprintln!("{:?}", error.kind());
    Err(error.into())
}

#[netns_test]
fn kernel_permission_denied(own: Namespace) -> TestResult {
    returned(own.command("/etc/passwd").output().expect_err("it is not executable"))
}

#[netns_test]
fn kernel_failed(net: Pair) -> TestResult {
    returned(net.client.tcp_connect(("198.51.100.1", 80)).expect_err("there is no route"))
}

#[netns_test]
fn process_failed(own: Namespace) -> TestResult {
    returned(own.command("false").output()?.success().expect_err("it fails"))
}

/// A test for each error, which returns it.
macro_rules! returned {
    ($($name:ident: $error:expr;)*) => {
        $(#[netns_test]
        fn $name() -> TestResult {
            returned($error)
        })*
    };
}

returned! {
    lab_several: LabError::Several(vec![LabError::SelfLink { host: a() }, LabError::ForeignHost { host: b() }]);
    lab_bad_name: LabError::BadName { name: a(), problem: "the name is taken" };
    lab_no_such_id: LabError::NoSuchId { kind: "node", id: 7 };
    lab_foreign_host: LabError::ForeignHost { host: a() };
    lab_condition: LabError::Condition {
        link: "a-b".to_owned(), from: a(), to: b(), source: ConditionError::Burst { packets: 0.5 },
    };
    lab_not_conditioned: LabError::NotConditioned { link: "a-b".to_owned() };
    lab_no_such_link: LabError::NoSuchLink { one: a(), other: b(), count: 2 };
    lab_no_link_named: LabError::NoLinkNamed { name: "a-c".to_owned(), present: "a-b".to_owned() };
    lab_one_link: LabError::OneLink { host: a(), links: 1 };
    lab_not_an_end: LabError::NotAnEnd { host: "c".to_owned(), link: "a-b".to_owned() };
    lab_already_an_end: LabError::AlreadyAnEnd { host: a(), link: "a-b".to_owned() };
    lab_no_such_region: LabError::NoSuchRegion { region: "mars".to_owned(), present: "asia, eu".to_owned() };
    lab_nat: LabError::Nat { host: a(), source: NatError::NoOutside { router: a() } };
    lab_firewall: LabError::Firewall { host: a(), source: FirewallError::NotARouter { host: a() } };
    lab_nft_text: LabError::NftText(NftTextError::Unchanged { host: a() });
    lab_self_link: LabError::SelfLink { host: a() };
    lab_switch_loop: LabError::SwitchLoop { switches: vec![a(), b()] };
    lab_too_many_ports: LabError::TooManyPorts { switch: a(), links: 1024 };
    lab_duplicate_device: LabError::DuplicateDevice { host: a(), device: eth0(), link: "a-b".to_owned() };
    lab_bad_device_name: LabError::BadDeviceName { host: a(), device: "a/b".to_owned(), problem: "it contains a slash" };
    lab_bad_mac: LabError::BadMac { host: a(), device: eth0(), mac: MacAddr([1; 6]) };
    lab_address_twice: LabError::AddressTwice { host: a(), device: eth0(), address: V4.into() };
    lab_two_gateways: LabError::TwoGateways { host: a(), first: b(), second: "c".to_owned() };
    lab_self_gateway: LabError::SelfGateway { host: a() };
    lab_gateway_out_of_reach: LabError::GatewayOutOfReach { host: a(), gateway: b() };
    lab_gateway_without_address: LabError::GatewayWithoutAddress { host: a(), gateway: b() };
    lab_two_subnets: LabError::TwoSubnets { of: a(), first: V4.into(), second: V6.into() };
    lab_tagged_and_untagged: LabError::TaggedAndUntagged { link: "a-b".to_owned(), tag: 10 };
    lab_family_mismatch: LabError::FamilyMismatch { host: a(), of: "a route", first: V4.into(), second: V6.into() };
    lab_no_next_hop: LabError::NoNextHop { host: a(), destination: V4.into() };
    lab_next_hop_of_refusal: LabError::NextHopOfRefusal { host: a(), destination: V4.into() };
    lab_no_neighbours: LabError::NoNeighbours { host: a(), device: "lo".to_owned() };
    lab_mtu_too_small: LabError::MtuTooSmall { link: "a-b".to_owned(), mtu: 1000, family: "IPv6", minimum: 1280 };
    lab_mtu_too_large: LabError::MtuTooLarge { link: "a-b".to_owned(), mtu: 70_000, maximum: 65_535 };
    lab_address: LabError::Address { of: a(), source: AddressError::MacsExhausted };
    lab_no_ipv6: LabError::NoIpv6 { host: a() };
    lab_duplicate: LabError::Duplicate { host: a(), address: V4 };
    lab_not_up: LabError::NotUp { host: a() };
    lab_gone: LabError::Gone { host: a() };
    lab_link_gone: LabError::LinkGone { link: "a-b".to_owned() };
    lab_still_gateway: LabError::StillGateway { host: a(), behind: vec![b()] };
    lab_programs_run: LabError::ProgramsRun { host: a(), verb: "remove", pids: vec![7, 8] };
    lab_not_a_host: LabError::NotAHost { host: a() };
    lab_link_broken: LabError::LinkBroken { link: "a-b".to_owned() };
    lab_late: LabError::Late {
        link: "a-b".to_owned(), from: a(), to: b(), latest: Duration::from_millis(31), within: Duration::from_millis(5)
    };
    lab_lateness_unknown: LabError::LatenessUnknown { link: "a-b".to_owned() };
    lab_already_up: LabError::AlreadyUp { what: "a second up".to_owned() };
    lab_no_such_host: LabError::NoSuchHost { host: a(), present: b() };
    lab_no_such_device: LabError::NoSuchDevice { host: a(), device: "eth1".to_owned(), present: eth0() };
    lab_not_of_a_switch: LabError::NotOfASwitch { link: "a-b".to_owned() };
    lab_out_of_range: LabError::OutOfRange { host: a(), of: "a device", what: "VLAN tag", value: 5000, range: "1 to 4094" };
    lab_unsupported: LabError::Unsupported {
        host: a(), kind: "vrf".to_owned(), reason: "the kernel has no vrf".to_owned(), remedy: "load the module vrf".to_owned(),
        source: None,
    };
    lab_mismatch: LabError::Mismatch {
        host: a(), what: "the MTU of eth0".to_owned(), expected: "1400".to_owned(), observed: "1500".to_owned(),
    };

    probe_family_mismatch: ProbeError::FamilyMismatch { address: V4, family: Family::V6 };
    probe_no_address: ProbeError::NoAddress { host: a(), family: Family::V6 };
    probe_not_one_host: ProbeError::NotOneHost { destination: IpAddr::V4(Ipv4Addr::BROADCAST) };
    probe_no_scope: ProbeError::NoScope { destination: V6 };
    probe_no_route: ProbeError::NoRoute { host: a(), destination: V4 };
    probe_no_such_device: ProbeError::NoSuchDevice { host: a(), device: "eth1".to_owned() };
    probe_source_not_here: ProbeError::SourceNotHere { host: a(), source_address: V4 };
    probe_out_of_range: ProbeError::OutOfRange { option: "the hop limit", value: 256, least: 1, most: 255 };
    probe_endless: ProbeError::Endless;
    probe_no_end: ProbeError::NoEnd;
    probe_no_timeout: ProbeError::NoTimeout;
    probe_timeout: ProbeError::Timeout { probe: "ping from \"a\" to 192.0.2.1".to_owned(), so_far: "1 of 3 answered".to_owned() };
    probe_unsupported: ProbeError::Unsupported { protocol: Protocol::Sctp, remedy: "load the module sctp" };
    probe_mismatch: ProbeError::Mismatch {
        expected: "no answer".to_owned(), found: "3 answers".to_owned(), evidence: evidence(),
    };
    probe_not_connected: ProbeError::NotConnected {
        what: "TCP from \"a\" to 192.0.2.1 port 80".into(),
        failure: TransportFailure::Filtered { towards: Side::Server },
        evidence: evidence(),
    };
    probe_control_failed: ProbeError::ControlFailed {
        absent: "nothing answers".to_owned(), control: "no answer either".to_owned(), evidence: evidence(),
    };
    probe_no_control: ProbeError::NoControl { absent: "nothing answers".to_owned() };
    probe_not_up_before: ProbeError::NotUpBefore { probe: "ping".to_owned(), waited: Duration::from_secs(5) };
    probe_not_reflected: ProbeError::NotReflected { host: b(), at: (V4, 3478).into(), after: Duration::from_secs(1) };
    probe_not_recovered: ProbeError::NotRecovered { probe: "ping".to_owned(), found: "3 of 9 answered".to_owned() };
    probe_no_pairs: ProbeError::NoPairs { hosts: 1 };
}
