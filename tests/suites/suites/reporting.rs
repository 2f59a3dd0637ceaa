//! Tests that return the errors of all public enums, one test for each variant. `error_reports.rs` compares the printed reports. Each test also
//! formats its error by `anyhow`, which prints the causes: no sentence may be there twice.
//!
//! Most errors are constructed: other tests provoke those that this kernel can show.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::config::{ConfigError, FileError, SettingError};
use netns_fixtures::net::address::{AddressError, IpNet, MacAddr};
use netns_fixtures::net::condition::{ConditionError, Jitter, Traffic};
use netns_fixtures::net::{
    FirewallError, IfName, LabError, NatError, NatTransport, NftTextError, NsName, PortError, PortRange, Protocol,
    PublishError,
};
use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Family, ProbeError, Side, TransportFailure};
use netns_fixtures::process::ProcessError;
use netns_fixtures::requirements::IsolationError;
use netns_fixtures::time::WaitError;

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

/// Returns the error after a look at its sentence and its causes, as `anyhow` prints them.
fn returned(error: impl Into<Error>) -> TestResult {
    let error = error.into();
    eprintln!("{:?}", error.kind());
    let error = anyhow::Error::new(error);
    assert_eq!(twice(&error), None, "{error:#}");
    Err(error.downcast::<Error>()?.into())
}

/// Returns a sentence that `{:#}` prints twice.
fn twice(error: &anyhow::Error) -> Option<String> {
    let line = format!("{error:#}");
    error.chain().map(ToString::to_string).find(|sentence| line.matches(sentence.as_str()).count() != 1)
}

/// The control of [`twice`]: an error that prints its cause and also returns it.
#[netns_test]
fn control_doubled(_own: Namespace) -> TestResult {
    let cause = || std::io::Error::from_raw_os_error(2);
    let doubled = anyhow::Error::new(cause()).context(format!("cannot read: {}", cause()));
    let plain = anyhow::Error::new(cause()).context("cannot read");
    assert_eq!((twice(&doubled), twice(&plain)), (Some(cause().to_string()), None));
    returned(WaitError::NoInterval)
}

fn v4() -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, 1)
}

/// A rule's name.
fn rule() -> String {
    "web".to_owned()
}

fn wide() -> IpNet {
    IpNet::new_assert(V4, 24)
}

fn ports() -> PortRange {
    PortRange::new(2000..=2001).expect("two ports")
}

fn red() -> NsName {
    NsName::new("red").expect("a name")
}

fn nat(source: NatError) -> LabError {
    LabError::Nat { host: a(), source }
}

fn firewall(source: FirewallError) -> LabError {
    LabError::Firewall { host: a(), source }
}

fn condition(source: ConditionError) -> LabError {
    LabError::Condition { link: "a-b".to_owned(), from: a(), to: b(), source }
}

fn setting() -> SettingError {
    let [value, problem, range, example] = ["soon", "not a duration", "durations", "5s"].map(str::to_owned);
    SettingError { variable: "NETNS_TEST_DEADLINE", in_file: None, value, problem, range, example }
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
fn process_child(own: Namespace) -> TestResult {
    returned(own.command("false").output()?.success().expect_err("it fails"))
}

#[netns_test]
fn name_error() -> TestResult {
    returned(IfName::new("a b").expect_err("it has a space"))
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
    lab_mtu_too_small: LabError::MtuTooSmall { of: "the link \"a-b\"".to_owned(), mtu: 1000, family: "IPv6", minimum: 1280 };
    lab_mtu_too_large: LabError::MtuTooLarge { of: "the link \"a-b\"".to_owned(), mtu: 70_000, maximum: 65_535 };
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
    probe_unsupported: ProbeError::Unsupported { protocol: Protocol::Sctp, remedy: "load the module sctp".to_owned() };
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

    process_program_not_found: ProcessError::ProgramNotFound { program: "dnsmasq".to_owned(), searched: "/usr/sbin".to_owned() };
    process_invalid_command: ProcessError::InvalidCommand {
        program: "cat".to_owned(), part: "the argument", value: "-v".to_owned(), problem: "it would be read as an option",
    };

    config_unknown_variable: ConfigError::UnknownVariable {
        name: "NETNS_TEST_DEADLIN".to_owned(), known: "NETNS_TEST_DEADLINE, NETNS_TEST_SKIPS".to_owned(),
    };
    config_setting: ConfigError::Setting(setting());
    config_file: ConfigError::File(Box::new(FileError {
        file: "/a/netns-test.toml".into(), problem: "there is no key deadlin".to_owned(), place: None,
    }));

    port_empty: PortError::Empty { first: 2000, last: 1999 };
    port_zero: PortError::Zero { last: 9 };
    port_privileged: PortError::Privileged { first: 80, last: 2000 };
    port_not_privileged: PortError::NotPrivileged { first: 80, last: 2000 };
    port_ephemeral: PortError::Ephemeral { range: ports(), ephemeral: ports() };
    port_exhausted: PortError::Exhausted { protocol: Protocol::Tcp, range: ports(), holders: "2000 by a, 2001 by b".to_owned() };

    publish_taken: PublishError::Taken { name: red(), holder: "the test holds it".to_owned() };
    publish_outside_of_test: PublishError::OutsideOfTest { name: red() };
    publish_on_a_thread_of_a_host: PublishError::OnAThreadOfAHost { name: red() };
    publish_replaced: PublishError::Replaced { name: red(), inode: 7, found: "a file".to_owned() };

    address_plan_exhausted: AddressError::PlanExhausted { plan: wide(), hosts: 300 };
    address_subnet_exhausted: AddressError::SubnetExhausted { subnet: wide(), usable: 254 };
    address_prefix_too_small: AddressError::PrefixTooSmall { prefix: V4.into(), usable: 1 };
    address_no_prefix_length: AddressError::NoPrefixLength { length: 32, most: 30 };
    address_overlap: AddressError::Overlap { first: wide(), second: V4.into() };
    address_family_mismatch: AddressError::FamilyMismatch { address: V6, subnet: wide() };
    address_outside_subnet: AddressError::OutsideSubnet { address: V4, subnet: IpNet::new_assert(V6, 64) };
    address_no_host_address: AddressError::NoHostAddress { address: V4, subnet: V4.into() };
    address_macs_exhausted: AddressError::MacsExhausted;

    wait_timeout: WaitError::Timeout { waited: Duration::from_secs(5), asked: 9, observed: "down".to_owned() };
    wait_no_interval: WaitError::NoInterval;

    isolation_unknown_requirement: IsolationError::UnknownRequirement { name: "vlans".to_owned() };
    isolation_refused: IsolationError::Refused { report: "cause: no namespaces\nhelp: allow them".to_owned() };

    nat_not_a_router: nat(NatError::NotARouter { host: a(), family: 4 });
    nat_no_outside: nat(NatError::NoOutside { router: a() });
    nat_outside_twice: nat(NatError::OutsideTwice { first: eth0(), second: "eth1".to_owned() });
    nat_no_port_mapping_protocol: nat(NatError::NoPortMappingProtocol { router: a() });
    nat_nothing_to_map: nat(NatError::NothingToMap { router: a() });
    nat_no_address: nat(NatError::NoAddress { router: a(), device: eth0() });
    nat_foreign_address: nat(NatError::ForeignAddress { router: a(), address: v4(), known: "192.0.2.9".to_owned() });
    nat_pool_with_gap: nat(NatError::PoolWithGap { before: v4(), after: Ipv4Addr::new(192, 0, 2, 3) });
    nat_timeout_too_short: nat(NatError::TimeoutTooShort { transport: NatTransport::Udp, timeout: Duration::ZERO });
    nat_timeout_too_long: nat(NatError::TimeoutTooLong {
        transport: NatTransport::Tcp, timeout: Duration::from_secs(9), most: Duration::from_secs(8),
    });
    nat_empty_block: nat(NatError::EmptyBlock { inside: v4(), ports: (9, 8) });
    nat_empty_range: nat(NatError::EmptyRange { ports: (9, 8) });
    nat_block_out_of_range: nat(NatError::BlockOutOfRange { inside: v4(), ports: (2000, 2999), range: (4096, 8191) });
    nat_no_port_left: nat(NatError::NoPortLeft { first: 1024, last: 65_535 });
    nat_blocks_overlap: nat(NatError::BlocksOverlap { inside: v4(), ports: (8, 9), other: Ipv4Addr::new(192, 0, 2, 3), of_other: (9, 12) });
    nat_forwarded_in_block: nat(NatError::ForwardedInBlock { port: 80, inside: v4() });
    nat_prefixes: nat(NatError::Prefixes { inside: "fd00::/64".parse()?, outside: "2001:db8::/48".parse()? });
    nat_forwarded_twice: nat(NatError::ForwardedTwice { port: 80 });
    nat_forwarded_zero: nat(NatError::ForwardedZero);

    firewall_device: firewall(FirewallError::Device { rule: rule(), device: String::new() });
    firewall_no_such_device: firewall(FirewallError::NoSuchDevice {
        host: a(), rule: rule(), device: "eth1".to_owned(), present: eth0(),
    });
    firewall_other_direction: firewall(FirewallError::OtherDirection { host: a(), rule: rule(), device: eth0(), does: "receives" });
    firewall_twice: firewall(FirewallError::Twice { rule: rule(), selection: "a protocol" });
    firewall_fragments: firewall(FirewallError::Fragments { rule: rule(), selection: "ports" });
    firewall_ports: firewall(FirewallError::Ports { rule: rule(), first: 9, last: 8 });
    firewall_families: firewall(FirewallError::Families { rule: rule() });
    firewall_too_many_rules: firewall(FirewallError::TooManyRules { host: a(), rules: 9000, most: 4096 });
    firewall_not_a_router: firewall(FirewallError::NotARouter { host: a() });
    firewall_name: firewall(FirewallError::Name { rule: rule() });

    nft_text_refused: LabError::NftText(NftTextError::Refused {
        host: a(), line: 2, text: "tabel inet x".to_owned(), words: "syntax error".to_owned(),
    });
    nft_text_own_table: LabError::NftText(NftTextError::OwnTable { host: a(), line: 2, words: "flush ruleset".to_owned() });
    nft_text_changed_own_table: LabError::NftText(NftTextError::ChangedOwnTable { host: a(), table: "nat".to_owned() });
    nft_text_unchanged: LabError::NftText(NftTextError::Unchanged { host: a() });
    nft_text_too_long: LabError::NftText(NftTextError::TooLong { host: a(), bytes: 300_000, most: 262_144 });

    condition_share: condition(ConditionError::Share { of: "the loss", percent: 101.0 });
    condition_burst: condition(ConditionError::Burst { packets: 0.5 });
    condition_bursts_too_short: condition(ConditionError::BurstsTooShort { packets: 2.0, percent: 80.0, most: 66.7 });
    condition_too_long: condition(ConditionError::TooLong {
        of: "the latency", value: Duration::from_secs(90), most: Duration::from_secs(60),
    });
    condition_jitter_above_latency: condition(ConditionError::JitterAboveLatency {
        jitter: Jitter::Uniform(Duration::from_millis(20)), latency: Duration::from_millis(10),
    });
    condition_rate_too_low: condition(ConditionError::RateTooLow { bits: 10, least: 1000 });
    condition_rate_too_high: condition(ConditionError::RateTooHigh { bits: 2_000_000_000, most: 1_000_000_000 });
    condition_holds_too_much: condition(ConditionError::HoldsTooMuch {
        condition: "rate 1 Gbit/s, latency 10s".into(), bytes: 1_250_000_000, most: 67_108_864,
    });
    condition_queue_too_small: condition(ConditionError::QueueTooSmall { bytes: 100, least: 1514 });
    condition_queue_without_rate: condition(ConditionError::QueueWithoutRate { condition: "queue 3000 bytes".into() });
    condition_marks_behind_queue: condition(ConditionError::MarksBehindQueue {
        wait: Duration::from_millis(200), length: Duration::from_millis(100),
    });
    condition_reorder_without_latency: condition(ConditionError::ReorderWithoutLatency { condition: "reorder 1%".into() });
    condition_reorder_all: condition(ConditionError::ReorderAll);
    condition_slots: condition(ConditionError::Slots { least: Duration::from_millis(2), most: Duration::from_millis(1) });
    condition_reorder_in_slots: condition(ConditionError::ReorderInSlots {
        condition: "latency 1s, reorder 1%, slots of 5ms to 10ms".into(),
    });
    condition_trace_empty: condition(ConditionError::TraceEmpty);
    condition_trace_backwards: condition(ConditionError::TraceBackwards {
        entry: 3, at: Duration::from_millis(1), before: Duration::from_millis(2),
    });
    condition_trace_starts_late: condition(ConditionError::TraceStartsLate { at: Duration::from_millis(5) });
    condition_trace_too_short: condition(ConditionError::TraceTooShort);
    condition_trace_line: condition(ConditionError::TraceLine { line: 2, text: "soon".to_owned() });
    condition_active_queue: condition(ConditionError::ActiveQueue {
        value: "the target of the active queue is 0ns".into(), bound: "above 0".into(),
    });
    condition_two_marks: condition(ConditionError::TwoMarks { condition: "rate 1 Mbit/s, CAKE, marks after 10ms".into() });
    condition_queue_of_kernel: condition(ConditionError::QueueOfKernel { queue: "CAKE" });
    condition_never_punctual: condition(ConditionError::NeverPunctual);
    condition_of_traffic: condition(ConditionError::OfTraffic {
        traffic: Traffic::to(wide()), source: Box::new(ConditionError::QueueWithoutRate { condition: "queue 3000 bytes".into() }),
    });
    condition_traffic_twice: condition(ConditionError::TrafficTwice { traffic: Traffic::to(wide()) });
    condition_too_many_of_traffic: condition(ConditionError::TooManyOfTraffic { count: 65, most: 64 });
    condition_no_such_traffic: condition(ConditionError::NoSuchTraffic {
        traffic: Traffic::to(wide()), present: "none".into(),
    });
    condition_netem: condition(ConditionError::Netem {
        condition: "loss 1%".into(), reason: "it has no traces; use `Backend::Relay`".into(),
    });
    condition_netem_seed: condition(ConditionError::NetemSeed { seed: 7 });
}
