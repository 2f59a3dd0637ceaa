//! Commands that change nothing, or only what is the test's own.

use std::fs;
use std::process::Command;

fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).status().unwrap().success()
}

#[test]
fn shows_devices() {
    assert!(ip(&["link", "show"]));
}

#[test]
fn asks_for_a_route() {
    assert!(ip(&["route", "get", "192.0.2.1"]));
}

#[test]
fn runs_in_a_named_namespace() {
    let namespace = std::env::temp_dir().display().to_string();
    assert!(ip(&["netns", "exec", &namespace, "ip", "link", "set", "lo", "up"]));
}

#[test]
fn acts_on_a_named_namespace() {
    let namespace = std::env::temp_dir().display().to_string();
    assert!(ip(&["-n", &namespace, "link", "set", "lo", "up"]));
}

#[test]
fn starts_in_a_namespace_of_its_own() {
    let status = Command::new("unshare").args(["-rn", "ip", "link", "set", "lo", "up"]).status();
    assert!(status.unwrap().success());
}

#[test]
fn enters_one_by_its_path() {
    let status = Command::new("nsenter").args(["--net=/proc/1/ns/net", "tc", "qdisc", "add", "dev", "lo", "root", "pfifo"]).status();
    assert!(status.unwrap().success());
}

#[test]
fn enters_one_on_a_thread_of_its_own() {
    let thread = std::thread::spawn(|| {
        nix::sched::unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).unwrap();
        assert!(ip(&["link", "set", "lo", "up"]));
    });
    thread.join().unwrap();
}

#[netns_test]
fn has_a_network_of_its_own() {
    assert!(ip(&["link", "set", "lo", "mtu", "1400"]));
}

#[test]
fn lists_rules() {
    assert!(Command::new("nft").args(["list", "ruleset"]).status().unwrap().success());
    assert!(Command::new("iptables").args(["-L", "-n"]).status().unwrap().success());
}

#[test]
fn reads_a_sysctl() {
    assert!(Command::new("sysctl").args(["-n", "net.ipv4.ip_forward"]).status().unwrap().success());
    assert!(fs::read_to_string("/proc/sys/net/ipv4/ip_forward").is_ok());
}

#[test]
fn changes_a_container() {
    let status = Command::new("docker").args(["exec", "c", "ip", "link", "set", "eth0", "down"]).status();
    assert!(status.unwrap().success());
}

#[test]
fn prints_a_command() {
    assert!(Command::new("echo").args(["ip", "link", "add", "x"]).status().unwrap().success());
}

#[test]
fn writes_about_itself() {
    fs::write("/proc/self/oom_score_adj", "1000").unwrap();
}
