//! Names that are claimed, that nobody else can see, or that are only looked at.

use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::Command;

use netns_fixtures::prelude::*;

#[test]
fn looked_at() {
    Command::new("ip").args(["netns", "list"]).status().unwrap();
    Command::new("ip").args(["link", "show", "dev", "lo"]).status().unwrap();
    Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap(); //~ host-network-changed
}

#[test]
fn removed() {
    Command::new("ip").args(["netns", "del", "blue"]).status().unwrap();
    Command::new("ip").args(["link", "del", "dummy0"]).status().unwrap(); //~ host-network-changed
}

#[test]
fn chosen_by_somebody_else() {
    let name = name();
    Command::new("ip").args(["netns", "add", &name]).status().unwrap();
    rtnetlink::LinkDummy::new(&name);
}

#[test]
fn a_whole_uuid() {
    let name = format!("test-{}", uuid::Uuid::new_v4());
    Command::new("ip").args(["netns", "add", &name]).status().unwrap();
    netns_rs::NetNs::new(format!("ns-{}", uuid::Uuid::new_v4().simple())).unwrap();
}

#[test]
fn in_another_namespace() {
    let namespace = namespace();
    Command::new("ip").args(["netns", "exec", &namespace, "ip", "link", "add", "veth0", "type", "veth"]).status().unwrap();
    Command::new("ip").args(["-n", &namespace, "link", "add", "veth0", "type", "veth"]).status().unwrap();
    Command::new("ip").args(["-netns", &namespace, "link", "add", "veth0", "type", "veth"]).status().unwrap();
    Command::new("nsenter").args(["-t", &pid(), "-n", "ip", "link", "add", "veth0", "type", "dummy"]).status().unwrap();
    Command::new("unshare").args(["-rn", "ip", "link", "add", "dummy0", "type", "dummy"]).status().unwrap();
}

#[test]
fn in_a_namespace_that_the_thread_enters() {
    std::thread::spawn(|| {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        rtnetlink::LinkDummy::new("dummy0");
        Command::new("ip").args(["link", "add", "dummy1", "type", "dummy"]).status().unwrap();
    });
}

#[netns_test]
fn in_a_network_of_its_own() {
    rtnetlink::LinkDummy::new("dummy0");
    Command::new("ip").args(["link", "add", "veth0", "type", "veth"]).status().unwrap();
}

#[netns_test]
fn of_the_fixtures(net: Pair, other: Namespace) {
    assert_ne!(net.server.name(), other.name());
}

#[test]
fn in_a_folder_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    UnixListener::bind(folder.path().join("x.sock")).unwrap();
    UnixDatagram::bind(folder.path().join("y.sock")).unwrap();
}

#[test]
fn a_socket_that_the_kernel_names() {
    UnixListener::bind("").unwrap();
    UnixDatagram::unbound().unwrap();
}

#[test]
fn a_device_that_the_kernel_names() {
    tun_tap::Iface::new("tap%d", tun_tap::Mode::Tap).unwrap(); //~ host-network-changed
    tun::Configuration::default().up();
}

#[test]
fn an_address_that_is_only_compared() {
    let one = nix::sys::socket::UnixAddr::new_abstract(b"testing").unwrap();
    let other = nix::sys::socket::UnixAddr::new_abstract(b"testing").unwrap();
    assert_eq!(one, other);
}

#[test]
fn in_a_container() {
    Command::new("docker").args(["network", "inspect", "test"]).status().unwrap();
    Command::new("docker").args(["exec", &container(), "ip", "link", "add", "dummy0", "type", "dummy"]).status().unwrap();
}

#[test]
fn memory_without_a_name() {
    nix::sys::memfd::memfd_create(c"scratch", nix::sys::memfd::MFdFlags::empty()).unwrap();
}

#[test]
fn memory_created_exclusively() {
    use nix::fcntl::OFlag;
    let name = format!("/memory-{}", std::process::id());
    nix::sys::mman::shm_open(name.as_str(), OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR, mode()).unwrap();
}
