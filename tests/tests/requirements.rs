//! Compares the requirements that the library reports as met with the results of independent programs.

use std::fs;
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use netns_fixtures::prelude::*;
use netns_fixtures::requirements::{self, Unmet, require_program};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The links, qdiscs, rules and routes that `ip` and `tc` can make by one command, with that command.
const BY_HAND: &[(&str, &[&str])] = &[
    ("vlan", &["ip", "link", "add", "link", "below", "name", "x", "type", "vlan", "id", "1"]),
    ("veth", &["ip", "link", "add", "x", "type", "veth", "peer", "name", "y"]),
    ("bridge", &["ip", "link", "add", "x", "type", "bridge"]),
    ("vxlan", &["ip", "link", "add", "x", "type", "vxlan", "id", "1", "dstport", "4789"]),
    ("macvlan", &["ip", "link", "add", "link", "below", "name", "x", "type", "macvlan"]),
    ("macvtap", &["ip", "link", "add", "link", "below", "name", "x", "type", "macvtap"]),
    ("ifb", &["ip", "link", "add", "x", "type", "ifb"]),
    ("dummy", &["ip", "link", "add", "x", "type", "dummy"]),
    ("ipvlan", &["ip", "link", "add", "link", "below", "name", "x", "type", "ipvlan"]),
    ("vrf", &["ip", "link", "add", "x", "type", "vrf", "table", "1"]),
    ("bond", &["ip", "link", "add", "x", "type", "bond"]),
    ("wireguard", &["ip", "link", "add", "x", "type", "wireguard"]),
    ("geneve", &["ip", "link", "add", "x", "type", "geneve", "id", "1", "remote", "127.0.0.1"]),
    ("gre", &["ip", "link", "add", "x", "type", "gre", "remote", "127.0.0.1"]),
    ("multicast_snooping", &["ip", "link", "add", "x", "type", "bridge", "mcast_snooping", "1"]),
    ("bridge_vlan_filtering", &["ip", "link", "add", "x", "type", "bridge", "vlan_filtering", "1"]),
    ("tun", &["ip", "tuntap", "add", "x", "mode", "tun"]),
    ("tap", &["ip", "tuntap", "add", "x", "mode", "tap"]),
    ("netem", &["tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"]),
    ("tbf", &["tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "1mbit", "burst", "16kb", "latency", "50ms"]),
    ("htb", &["tc", "qdisc", "add", "dev", "lo", "root", "htb"]),
    ("pfifo", &["tc", "qdisc", "add", "dev", "lo", "root", "pfifo"]),
    ("ingress", &["tc", "qdisc", "add", "dev", "lo", "ingress"]),
    ("clsact", &["tc", "qdisc", "add", "dev", "lo", "clsact"]),
    ("fq", &["tc", "qdisc", "add", "dev", "lo", "root", "fq"]),
    ("fq_codel", &["tc", "qdisc", "add", "dev", "lo", "root", "fq_codel"]),
    ("prio", &["tc", "qdisc", "add", "dev", "lo", "root", "prio"]),
    ("cake", &["tc", "qdisc", "add", "dev", "lo", "root", "cake"]),
    (
        "red",
        &[
            "tc", "qdisc", "add", "dev", "lo", "root", "red", "limit", "60kb", "min", "10kb", "max", "30kb", "avpkt",
            "1000",
        ],
    ),
    ("pie", &["tc", "qdisc", "add", "dev", "lo", "root", "pie"]),
    ("policy_routing", &["ip", "rule", "add", "priority", "1000", "lookup", "100"]),
    (
        "multipath",
        &[
            "ip",
            "route",
            "add",
            "198.51.100.0/24",
            "table",
            "100",
            "nexthop",
            "dev",
            "below",
            "nexthop",
            "dev",
            "beside",
        ],
    ),
];

#[netns_test]
fn every_answer_is_that_of_ip_and_tc() -> TestResult {
    for program in ["ip", "tc"] {
        require_program(program)?;
    }
    let mut differences = Vec::new();
    let mut met = 0;
    for (name, argv) in BY_HAND {
        let ours = requirements::check(name)?;
        let theirs = in_a_namespace_of_its_own(argv)?;
        met += usize::from(ours.is_none());
        if ours.is_none() != theirs {
            differences
                .push(format!("{name}: {argv:?} {}, and we say {ours:?}", if theirs { "works" } else { "fails" }));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // Otherwise only failures were compared, and failures of any cause look the same.
    assert!(met >= 2, "only {met} of {} are met", BY_HAND.len());
    Ok(())
}

/// Returns whether the program succeeds; it can use a veth called `below`.
fn in_a_namespace_of_its_own(argv: &[&str]) -> TestResult<bool> {
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET)?;
                let lower = ["ip", "link", "add", "below", "type", "veth", "peer", "name", "beside"];
                assert!(succeeds(&lower)?, "iproute2 cannot make a veth pair");
                for end in ["below", "beside"] {
                    assert!(succeeds(&["ip", "link", "set", end, "up"])?, "iproute2 cannot set {end} up");
                }
                succeeds(argv)
            })
            .join()
            .expect("the thread does not panic")
    })
}

fn succeeds(argv: &[&str]) -> TestResult<bool> {
    let program = format!("/sbin/{}", argv[0]);
    let status = Command::new(program).args(&argv[1..]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    Ok(status.success())
}

#[netns_test]
fn what_a_probe_makes_is_not_in_the_tests_network() -> TestResult {
    assert_eq!(requirements::check("veth")?, None);
    let devices = fs::read_to_string("/proc/net/dev")?;
    assert!(!devices.contains("probe"), "{devices}");
    Ok(())
}

#[test]
fn an_ordinary_test_may_ask_too() {
    assert_eq!(requirements::check("veth").unwrap(), None);
    let unknown = requirements::check("teleport").unwrap_err();
    assert!(unknown.to_string().contains("teleport"), "{unknown}");
}

#[test]
fn every_requirement_has_an_answer_and_an_unmet_one_a_remedy() {
    for requirement in requirements::all() {
        match requirements::check(requirement.name) {
            Ok(None) => {}
            Ok(Some(Unmet { reason, remedy })) => {
                assert!(!reason.is_empty() && !remedy.is_empty(), "{}", requirement.name);
                eprintln!("{}: {reason}; {remedy}", requirement.name);
            }
            Err(error) => panic!("{}: {error}", requirement.name),
        }
    }
}

/// `requires(…)` before a test and a question in its body have the same answer.
#[netns_test(deadline = "5m")]
fn every_answer_inside_is_that_of_a_namespace_made_for_the_question() -> TestResult {
    let asked_outside = |name: &str| -> TestResult<bool> {
        let mut runner = Command::new("/proc/self/exe");
        runner.args(["--ignored", "--exact", "--nocapture", "asks_outside"]).env("ASKED", name);
        let printed = String::from_utf8(runner.output()?.stdout)?;
        Ok(printed.lines().any(|line| line.ends_with("it is met")))
    };
    for requirement in requirements::all() {
        let inside = requirements::check(requirement.name)?;
        assert_eq!(inside.is_none(), asked_outside(requirement.name)?, "{}: {inside:?}", requirement.name);
    }
    Ok(())
}

#[test]
#[ignore = "run by `every_answer_inside_is_that_of_a_namespace_made_for_the_question`"]
fn asks_outside() -> TestResult {
    let met = requirements::check(&std::env::var("ASKED")?)?.is_none();
    println!("it is {}", if met { "met" } else { "not met" });
    Ok(())
}

/// A skip for lack of descriptors would hide a failure of the test.
#[netns_test]
fn what_cannot_be_found_out_for_now_is_an_error_and_asked_again() -> TestResult {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    // A limit equal to the lowest free number refuses that descriptor.
    let free = fs::File::open("/")?.as_raw_fd();
    for name in ["packet_socket", "veth", "pfifo", "ipv6"] {
        setrlimit(Resource::RLIMIT_NOFILE, u64::try_from(free)?, hard)?;
        let now = requirements::check(name);
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard)?;
        let error = format!("{:#}", now.expect_err("there was no descriptor to find out with"));
        assert!(error.contains("Too many open files"), "{error}");
        assert_eq!(requirements::check(name)?, None, "{name} works where there are descriptors");
    }
    Ok(())
}
