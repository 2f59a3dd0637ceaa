//! Commands and writes that change the network of the machine.

use std::fs;
use std::process::Command;

/// A helper that many tests have: its callers say what changes.
fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success());
}

#[test]
fn makes_a_bridge() {
    ip(&["link", "add", "name", "bridge0", "type", "bridge"]); //~ host-network-changed, unclaimed-name
}

#[test]
fn sets_a_device_up() {
    ip(&["link", "set", "lo", "up"]); //~ host-network-changed
}

#[test]
fn adds_a_route() {
    let status = Command::new("ip").args(["-6", "route", "add", "2001:db8::/64", "dev", "lo"]).status(); //~ host-network-changed
    assert!(status.unwrap().success());
}

#[test]
fn filters() {
    let status = Command::new("iptables").args(["-A", "INPUT", "-j", "DROP"]).status(); //~ host-network-changed
    assert!(status.unwrap().success());
}

#[test]
fn flushes_the_rules() {
    let status = Command::new("/usr/sbin/nft").args(["flush", "ruleset"]).status(); //~ host-network-changed
    assert!(status.unwrap().success());
}

#[test]
fn loads_rules() {
    let status = Command::new("nft").arg("-f").arg("tests/rules.nft").status(); //~ host-network-changed
    assert!(status.unwrap().success());
}

#[test]
fn sets_a_sysctl() {
    let status = Command::new("sysctl").args(["-w", "net.ipv4.ip_forward=1"]).status(); //~ host-network-changed
    assert!(status.unwrap().success());
}

#[test]
fn writes_a_sysctl() {
    fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap(); //~ host-network-changed
}

#[test]
fn delays_packets() {
    let mut tc = Command::new("tc"); //~ host-network-changed
    tc.args(["qdisc", "replace", "dev", "lo", "root", "netem"]).arg("delay").arg("10ms");
    assert!(tc.status().unwrap().success());
}

#[test]
fn makes_a_bridge_with_the_old_tool() {
    assert!(Command::new("brctl").arg("addbr").arg("bridge0").status().unwrap().success()); //~ host-network-changed, unclaimed-name
}

#[test]
fn opens_a_port() {
    let status = Command::new("firewall-cmd").arg("--add-port=8080/tcp").status(); //~ host-network-changed
    assert!(status.unwrap().success());
}

#[test]
fn runs_a_line() {
    let status = Command::new("sh").args(["-c", "ip link set lo mtu 1500 && true"]).status(); //~ host-network-changed
    assert!(status.unwrap().success());
}

#[test]
fn takes_offloads_away() {
    let status = Command::new("ethtool").args(["-K", "lo", "tx", "off"]).status(); //~ host-network-changed
    assert!(status.unwrap().success());
}
