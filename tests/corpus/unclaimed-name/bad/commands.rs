//! Names that a command creates where others see them.

use std::process::{self, Command};
use std::time::SystemTime;

const NAMESPACE: &str = "test_ns"; //~ unclaimed-name

fn ip(arguments: &[&str]) {
    assert!(Command::new("ip").args(arguments).status().unwrap().success());
}

fn add_namespace(name: &str) {
    Command::new("ip").args(["netns", "add", name]).status().unwrap();
}

#[test]
fn a_namespace() {
    Command::new("ip").args(["netns", "add", "blue"]).status().unwrap(); //~ unclaimed-name
}

#[test]
fn by_a_constant() {
    Command::new("ip").arg("netns").arg("add").arg(NAMESPACE).status().unwrap();
}

#[test]
fn made_of_a_process_id() {
    let name = format!("test-{}", process::id()); //~ unclaimed-name
    Command::new("ip").args(["netns", "add", &name]).status().unwrap();
}

#[test]
fn made_of_a_random_number() {
    let name = format!("t-{:04x}", rand::random::<u16>()); //~ unclaimed-name
    Command::new("ip").args(["netns", "add", &name]).status().unwrap();
}

#[test]
fn made_of_a_time() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    Command::new("ip").args(["netns", "add", &format!("t{now}")]).status().unwrap(); //~ unclaimed-name
}

#[test]
fn a_device() {
    Command::new("ip").args(["link", "add", "br-test", "type", "bridge"]).status().unwrap(); //~ unclaimed-name, host-network-changed
    Command::new("ip").args(["link", "add", "name", "dummy7", "type", "dummy"]).status().unwrap(); //~ unclaimed-name, host-network-changed
}

#[test]
fn both_ends_of_a_pair() {
    Command::new("ip").args(["link", "add", "veth0", "type", "veth", "peer", "name", "veth1"]).status().unwrap(); //~ unclaimed-name, unclaimed-name, host-network-changed
}

#[test]
fn the_other_end_of_a_pair() {
    Command::new("ip").args(["link", "add", &device(), "type", "veth", "peer", "name", "veth1"]).status().unwrap(); //~ unclaimed-name, host-network-changed
}

#[test]
fn a_vlan() {
    Command::new("ip").args(["link", "add", "link", "lo", "name", "lo.10", "type", "vlan", "id", "10"]).status().unwrap(); //~ unclaimed-name, host-network-changed
}

#[test]
fn a_tap() {
    Command::new("ip").args(["tuntap", "add", "dev", "tap0", "mode", "tap"]).status().unwrap(); //~ unclaimed-name, host-network-changed
    Command::new("ip").args(["tuntap", "add", "mode", "tap", "name", "tap1"]).status().unwrap(); //~ unclaimed-name, host-network-changed
}

#[test]
fn a_bridge_of_other_tools() {
    Command::new("brctl").args(["addbr", "br-test"]).status().unwrap(); //~ unclaimed-name, host-network-changed
    Command::new("ovs-vsctl").args(["--may-exist", "add-br", "br-int"]).status().unwrap(); //~ unclaimed-name, host-network-changed
    Command::new("ovs-vsctl").args(["add-port", &bridge(), "patch-a"]).status().unwrap(); //~ unclaimed-name, host-network-changed
}

#[test]
fn in_the_text_of_a_shell() {
    Command::new("sh").args(["-c", "ip netns add blue && ip -n blue link set lo up"]).status().unwrap(); //~ unclaimed-name, pedantic: shell-command
}

#[test]
fn longer_than_a_device_can_have() {
    let name = format!("integration-test-{}", number()); //~ unclaimed-name
    Command::new("ip").args(["link", "add", &name, "type", "dummy"]).status().unwrap(); //~ host-network-changed
}

#[test]
fn behind_a_wrapper() {
    Command::new("sudo").args(["ip", "netns", "add", "blue"]).status().unwrap(); //~ unclaimed-name, privileged-command
}

#[test]
fn of_a_library() {
    cmd_lib::run_cmd!(ip netns add green).unwrap(); //~ unclaimed-name
    duct::cmd!("ip", "netns", "add", "green").run().unwrap(); //~ unclaimed-name
}

#[test]
fn by_helpers() {
    ip(&["link", "add", "br-helper", "type", "bridge"]); //~ unclaimed-name, host-network-changed
    add_namespace("red"); //~ unclaimed-name
}
