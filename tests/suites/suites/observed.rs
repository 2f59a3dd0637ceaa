//! Tests that others look at from outside: through what they print, by a debugger, through a pause, from under a filter.

use std::env;
use std::fs;
use std::io;
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

use netns_fixtures::prelude::*;
use nix::mount::{MsFlags, mount};
use nix::unistd::sethostname;

/// The six kinds of namespaces, as `/proc/self/ns` names them.
const KINDS: [&str; 6] = ["user", "net", "mnt", "pid", "ipc", "uts"];

fn print_namespaces() -> TestResult {
    for kind in KINDS {
        println!("{}", fs::read_link(format!("/proc/self/ns/{kind}"))?.display());
    }
    Ok(())
}

#[netns_test]
fn tells_where_it_is() -> TestResult {
    print_namespaces()?;
    println!("uid_map {}", fs::read_to_string("/proc/self/uid_map")?.split_whitespace().collect::<Vec<_>>().join(" "));
    println!("gid_map {}", fs::read_to_string("/proc/self/gid_map")?.split_whitespace().collect::<Vec<_>>().join(" "));
    let entries = fs::read_dir("/sys/class/net")?.collect::<io::Result<Vec<_>>>()?;
    // Devices are links; `bonding_masters` is a file, where the kernel has bonding.
    let devices = entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    println!(
        "devices {}",
        devices.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    );
    println!("pid {}", std::process::id());
    Ok(())
}

/// A second one, at the same time or not.
#[netns_test]
fn tells_where_it_is_too() -> TestResult {
    print_namespaces()
}

fn try_to_connect() -> TestResult {
    let address = env::var("OBSERVED_ADDRESS")?;
    println!("tcp {:?}", TcpStream::connect(address).map(drop).map_err(|error| error.kind()));
    let name = SocketAddr::from_abstract_name(env::var("OBSERVED_NAME")?)?;
    println!("abstract {:?}", UnixStream::connect_addr(&name).map(drop).map_err(|error| error.kind()));
    Ok(())
}

#[netns_test]
fn tries_to_connect() -> TestResult {
    try_to_connect()
}

/// The control: the same code without the attribute.
#[test]
fn tries_to_connect_without_isolation() -> TestResult {
    try_to_connect()
}

#[netns_test]
fn changes_what_it_can() -> TestResult {
    let folder = env::var("OBSERVED_FOLDER")?;
    mount(Some("tmpfs"), folder.as_str(), Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    fs::write(format!("{folder}/file"), "on a mount of the test")?;
    fs::write("/proc/sys/net/ipv4/ip_default_ttl", "7")?;
    sethostname("renamed")?;
    println!("files {}", fs::read_dir(&folder)?.count());
    println!("ttl {}", fs::read_to_string("/proc/sys/net/ipv4/ip_default_ttl")?.trim());
    println!("hostname {}", fs::read_to_string("/proc/sys/kernel/hostname")?.trim());
    Ok(())
}

#[netns_test]
fn fails_and_is_kept() -> TestResult {
    sethostname("left-as-it-was")?;
    panic!("look inside");
}

#[netns_test]
fn passes_and_is_not_kept() {}

#[netns_test]
fn stops_at_a_breakpoint() {
    let answer = std::hint::black_box(42);
    println!("the answer is {answer}"); // A debugger stops at this line.
}
