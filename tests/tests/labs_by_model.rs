//! Random networks: what the kernel shows of each is what was declared, and who can reach whom is what the links say.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::time::Duration;

use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::prelude::*;
use netns_fixtures::requirements::require_program;

/// A generator of numbers that are the same in every run: a network that fails can be made again by its number. Source of
/// the constants: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).expect("it is less than a usize")
    }
}

/// What the model knows: for each host the segments that it has a device in, in the order of its devices.
struct Model {
    hosts: Vec<(Host, Vec<usize>)>,
}

/// Two to six hosts, none to two switches, links between them as they come.
fn declare(lab: &mut Lab, numbers: &mut Numbers) -> Model {
    let mut hosts: Vec<(Host, Vec<usize>)> =
        (0..2 + numbers.next(5)).map(|i| (lab.host(format!("h{i}")), Vec::new())).collect();
    let switches: Vec<_> = (0..numbers.next(3)).map(|i| lab.switch(format!("s{i}"))).collect();
    // Switches are segments 0 and 1; every link between two hosts is one of its own.
    let mut next_segment = switches.len();
    for _ in 0..=numbers.next(10) {
        let one = numbers.next(hosts.len());
        if !switches.is_empty() && numbers.next(2) == 0 {
            let switch = numbers.next(switches.len());
            lab.link(&hosts[one].0, switches[switch].as_host());
            hosts[one].1.push(switch);
        } else {
            let other = (one + 1 + numbers.next(hosts.len() - 1)) % hosts.len();
            lab.link(&hosts[one].0, &hosts[other].0);
            hosts[one].1.push(next_segment);
            hosts[other].1.push(next_segment);
            next_segment += 1;
        }
    }
    Model { hosts }
}

/// The devices with their addresses as the kernel lists them, by a program of others.
fn shown(host: &Host) -> TestResult<BTreeSet<(String, String)>> {
    let listed = host.command("ip")?.args(["-json", "address", "show"]).output()?.success()?;
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout.bytes)?;
    let mut shown = BTreeSet::new();
    for device in listed.as_array().ok_or("no list")? {
        let name = device["ifname"].as_str().ok_or("no name")?;
        for address in
            device["addr_info"].as_array().into_iter().flatten().filter(|address| address["scope"] == "global")
        {
            let text = format!("{}/{}", address["local"].as_str().unwrap_or_default(), address["prefixlen"]);
            assert!(address["tentative"].is_null(), "{text} of {name} is not usable yet");
            shown.insert((name.to_owned(), text));
        }
    }
    Ok(shown)
}

#[netns_test(deadline = "2m")]
fn the_kernel_shows_what_was_declared() -> TestResult {
    require_program("ip")?;
    for seed in 0..40 {
        let mut numbers = Numbers(seed);
        let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(30)));
        let Model { hosts } = declare(&mut lab, &mut numbers);
        lab.up().map_err(|error| format!("network {seed}: {error}"))?;

        let mut all_addresses = BTreeSet::new();
        for (host, segments) in &hosts {
            let devices = host.devices()?;
            assert_eq!(devices.len(), segments.len(), "network {seed}, {}", host.name());
            let declared: BTreeSet<_> = devices
                .iter()
                .flat_map(|device| {
                    device.addresses.iter().map(|address| (device.name.to_string(), address.to_string()))
                })
                .collect();
            assert_eq!(shown(host)?, declared, "network {seed}, {}", host.name());
            for (_, address) in declared {
                assert!(all_addresses.insert(address.clone()), "network {seed}: {address} is there twice");
            }
        }

        // Each pair that shares a segment reaches each other over it, in both families; a pair that shares none does not.
        for (i, (from, from_segments)) in hosts.iter().enumerate() {
            for (to, to_segments) in hosts.iter().skip(i + 1) {
                let listener = to.tcp_listener(80)?;
                let mut is_linked = false;
                for (device, segment) in to.devices()?.iter().zip(to_segments) {
                    if !from_segments.contains(segment) {
                        continue;
                    }
                    is_linked = true;
                    for address in &device.addresses {
                        from.tcp_connect((address.addr(), 80)).map_err(|error| format!("network {seed}: {error}"))?;
                        listener.accept()?;
                    }
                }
                if !is_linked && !to_segments.is_empty() {
                    assert!(from.tcp_connect((to.ipv4(), 80)).is_err(), "network {seed}: a way without a link");
                }
            }
        }
    }
    Ok(())
}

macro_rules! side_by_side {
    ($($name:ident)*) => {
        $(
            /// The same addresses, names and ports as in all the others.
            #[netns_test]
            fn $name(net: Pair) -> TestResult {
                assert_eq!((net.client.ipv4(), net.server.ipv4()), ("198.18.0.1".parse()?, "198.18.0.2".parse()?));
                let listener = net.server.tcp_listener(80)?;
                let client = net.client.tcp_connect((net.server.ipv6(), 80))?;
                assert_eq!(listener.accept()?.1, client.local_addr()?);
                Ok(())
            }
        )*
    };
}

/// A hundred tests that libtest runs side by side.
mod side_by_side {
    use super::*;

    mod a {
        use super::*;
        side_by_side!(n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20 n21 n22 n23 n24);
    }
    mod b {
        use super::*;
        side_by_side!(n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20 n21 n22 n23 n24);
    }
    mod c {
        use super::*;
        side_by_side!(n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20 n21 n22 n23 n24);
    }
    mod d {
        use super::*;
        side_by_side!(n0 n1 n2 n3 n4 n5 n6 n7 n8 n9 n10 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20 n21 n22 n23 n24);
    }
}
