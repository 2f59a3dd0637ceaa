//! A test's own network without a device besides `lo`, and the descriptors that hosts need.

#![forbid(unsafe_code)]

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv6Addr, UdpSocket};
use std::time::Duration;

use netns_fixtures::prelude::*;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The group of multicast DNS on one link; RFC 6762.
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// As discovery protocols do: neither socket names a device.
#[netns_test]
fn a_group_of_ipv6_needs_no_device(_own: Namespace) -> TestResult {
    if !fs::exists("/proc/sys/net/ipv6")? {
        netns_tests::witness::skip("requires a kernel with IPv6");
        return Ok(());
    }
    let listener = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 5353))?;
    let sender = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?;
    let mut received = [0; 9];
    // The control: a datagram to a group that nobody has joined arrives nowhere.
    sender.send_to(b"early", (GROUP, 5353))?;
    listener.set_read_timeout(Some(Duration::from_millis(100)))?;
    assert_eq!(listener.recv(&mut received).unwrap_err().kind(), ErrorKind::WouldBlock);
    listener.join_multicast_v6(&GROUP, 0)?;
    listener.set_read_timeout(Some(Duration::from_secs(2)))?;
    sender.send_to(b"hello", (GROUP, 5353))?;
    assert_eq!(listener.recv(&mut received)?, 5);
    assert_eq!(&received[..5], b"hello");
    Ok(())
}

fn open_descriptors() -> TestResult<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}

/// The number in the message is what hosts really need.
#[netns_test]
fn a_lack_of_descriptors_is_counted_in_the_error(mut lab: Lab, mut too_many: Lab) -> TestResult {
    const HOSTS: usize = 20;
    let fill = |lab: &mut Lab| -> Vec<Host> {
        let switch = lab.switch("switch");
        (0..HOSTS)
            .map(|number| {
                let host = lab.host(format!("host{number}"));
                lab.link(&host, switch.as_host());
                host
            })
            .collect()
    };
    let hosts = fill(&mut lab);
    let before = open_descriptors()?;
    lab.up()?;
    for host in &hosts {
        host.run(|| ())?;
        host.command("true")?.output()?.success()?;
    }
    let each = (open_descriptors()? - before).div_ceil(HOSTS);
    println!("{each} descriptors for each host");
    fill(&mut too_many);
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, u64::try_from(open_descriptors()? + HOSTS / 2)?, hard)?;
    let error = too_many.up().unwrap_err();
    let text = format!("{error:?}");
    let told =
        text.split("up to ").nth(1).and_then(|rest| rest.split(' ').next()).and_then(|number| number.parse().ok());
    assert_eq!(error.raw_os_error(), Some(nix::libc::EMFILE), "{text}");
    assert!(text.contains("RLIMIT_NOFILE is "), "{text}");
    assert!(told.is_some_and(|told: usize| (each..=each + 2).contains(&told)), "{each} and {text}");
    Ok(())
}
