//! Fixed addresses in command lines and in the configuration of a server.

use std::fs;
use std::io::Write;
use std::process::Command;

const NETWORK: &str = "10.200.0.0/24"; //~ literal-address

#[test]
fn of_a_device() {
    Command::new("ip").args(["addr", "add", "10.0.0.1/24", "dev", &device()]).status().unwrap(); //~ literal-address, host-network-changed
}

#[test]
fn of_a_route() {
    Command::new("ip").args(["route", "add", NETWORK, "dev", &device()]).status().unwrap(); //~ host-network-changed
}

#[test]
fn behind_an_option() {
    Command::new("ping").arg("-c1").arg("192.168.1.1").status().unwrap(); //~ literal-address
}

#[test]
fn joined_with_an_equals_sign() {
    Command::new("dnsmasq").arg("--dhcp-range=10.30.0.10,10.30.0.20,60s").status().unwrap(); //~ unbounded-wait, literal-address
}

#[test]
fn of_version_6() {
    Command::new("ip").args(["-6", "addr", "add", "fd12:3456::1/64", "dev", &device()]).status().unwrap(); //~ literal-address, host-network-changed
}

#[test]
fn in_a_url() {
    Command::new("curl").arg("http://10.8.0.1:8080/health").status().unwrap(); //~ unbounded-wait, literal-address
}

#[test]
fn with_a_fixed_beginning() {
    for host in 1..4 {
        Command::new("ip").args(["addr", "add", &format!("10.60.0.{host}/24"), "dev", &device()]).status().unwrap(); //~ literal-address, host-network-changed
    }
}

#[test]
fn in_the_text_of_a_shell() {
    Command::new("sh").args(["-c", "ip addr add 172.30.0.1/16 dev dummy0"]).status().unwrap(); //~ literal-address, pedantic: shell-command, host-network-changed
}

#[test]
fn in_the_text_of_a_shell_with_other_parts() {
    let line = format!("iptables -t nat -A POSTROUTING -s 10.9.0.0/24 -o {} -j MASQUERADE", device()); //~ literal-address
    Command::new("sh").arg("-c").arg(line).status().unwrap(); //~ shell-command, host-network-changed
}

#[test]
fn by_any_runner() {
    run_and_check(&["ip", "netns", "exec", &namespace(), "ping", "-c1", "10.5.5.5"]); //~ pedantic: literal-address
}

#[test]
fn behind_a_wrapper() {
    Command::new("timeout").args(["5", "nc", "-z", "10.5.5.6", "22"]).status().unwrap(); //~ literal-address
}

#[test]
fn of_a_library() {
    duct::cmd!("ping", "-c1", "10.5.5.7").run().unwrap(); //~ literal-address
    cmd_lib::run_cmd!(ip addr add 10.5.5.8/24 dev dummy0).unwrap(); //~ literal-address, host-network-changed
}

#[test]
fn in_the_configuration_of_a_server() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("named.conf"), "listen-on { 10.10.0.53; };").unwrap(); //~ literal-address
    let mut file = fs::File::create(folder.path().join("dhcpd.conf")).unwrap();
    writeln!(file, "subnet 10.70.0.0 netmask 255.255.255.0 {{}}").unwrap(); //~ literal-address
}
