//! Random networks: the kernel shows the declared devices, and hosts reach each other exactly as the links allow.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use netns_fixtures::config::Setting;
use netns_fixtures::net::address::{AddressPlan, MacAddr};
use netns_fixtures::net::link::{Bridge, Ifb, MacVlan, Vxlan};
use netns_fixtures::prelude::*;
use netns_fixtures::requirements::require_program;

/// Generates the same numbers in every run, so that a failing network can be rebuilt from its number. Source of the constants: Steele, Lea
/// and Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
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

/// The model's view of a host.
struct Modelled {
    host: Host,
    /// The segments of its devices, in the order of the devices; `None` for a link without addresses.
    segments: Vec<Option<usize>>,
    /// Its devices by their names.
    devices: BTreeMap<String, Expected>,
}

/// A device as `ip` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Expected {
    kind: String,
    mtu: Option<u32>,
    mac: Option<String>,
}

impl Modelled {
    fn add_end(&mut self, segment: Option<usize>, mtu: u32, mac: MacAddr) {
        let expected = Expected { kind: "veth".to_owned(), mtu: Some(mtu), mac: Some(mac.to_string()) };
        self.devices.insert(format!("eth{}", self.segments.len()), expected);
        self.segments.push(segment);
    }
}

/// Declares two to six hosts, up to two switches, random links between them, and devices on those links.
fn declare(lab: &mut Lab, numbers: &mut Numbers) -> TestResult<Vec<Modelled>> {
    let host =
        |lab: &mut Lab, i| Modelled { host: lab.host(format!("h{i}")), segments: Vec::new(), devices: BTreeMap::new() };
    let mut hosts: Vec<Modelled> = (0..2 + numbers.next(5)).map(|i| host(lab, i)).collect();
    let switches: Vec<_> = (0..numbers.next(3)).map(|i| lab.switch(format!("s{i}"))).collect();
    // Switches are segments 0 and 1; every link between two hosts is a segment too.
    let mut next_segment = switches.len();
    for i in 0..=numbers.next(10) {
        let mtu = u32::try_from(1280 + numbers.next(8000))?;
        let mac = |end| MacAddr([2, 0xab, 0, 0, u8::try_from(i).unwrap_or(0), end]);
        let is_unnumbered = numbers.next(8) == 0;
        let one = numbers.next(hosts.len());
        let (segment, other) = if !switches.is_empty() && numbers.next(2) == 0 {
            let switch = numbers.next(switches.len());
            lab.link(&hosts[one].host, switches[switch].as_host()).mtu(mtu).macs(mac(1), mac(2));
            hosts[one].add_end(Some(switch), mtu, mac(1));
            continue;
        } else {
            let other = (one + 1 + numbers.next(hosts.len() - 1)) % hosts.len();
            next_segment += 1;
            ((!is_unnumbered).then_some(next_segment - 1), other)
        };
        let mut link = lab.link(&hosts[one].host, &hosts[other].host);
        link.mtu(mtu).macs(mac(1), mac(2));
        if is_unnumbered {
            link.unnumbered();
        }
        hosts[one].add_end(segment, mtu, mac(1));
        hosts[other].add_end(segment, mtu, mac(2));
    }
    for Modelled { host, segments, devices } in &mut hosts {
        for (i, vni) in (0..numbers.next(3)).zip(7..) {
            let name = format!("added{i}");
            let (ipv4, ipv6) = lab.subnet(2)?.next_host()?;
            let mut expect = |kind: &str| {
                devices.insert(name.clone(), Expected { kind: kind.to_owned(), mtu: None, mac: None });
            };
            match numbers.next(4) {
                0 if !segments.is_empty() => {
                    lab.device(host, MacVlan::on("eth0").named(&name).address(ipv4).address(ipv6));
                    expect("macvlan");
                }
                1 => {
                    lab.device(host, Vxlan::new(vni).named(&name).address(ipv4).address(ipv6));
                    expect("vxlan");
                }
                2 => {
                    lab.device(host, Ifb::new().named(&name).address(ipv4));
                    expect("ifb");
                }
                _ => {
                    lab.device(host, Bridge::new().named(&name).address(ipv6));
                    expect("bridge");
                }
            }
        }
    }
    Ok(hosts)
}

/// Returns the devices that `ip` lists for a host, with details.
fn listed(host: &Host) -> TestResult<Vec<serde_json::Value>> {
    let listed = host.command("ip")?.args(["-json", "-details", "address", "show"]).output()?.success()?;
    Ok(serde_json::from_slice(&listed.stdout.bytes)?)
}

fn name_of(device: &serde_json::Value) -> TestResult<&str> {
    Ok(device["ifname"].as_str().ok_or("no name")?)
}

/// Returns the devices with their addresses as an independent program reads them from the kernel.
fn addresses_of(listed: &[serde_json::Value]) -> TestResult<BTreeSet<(String, String)>> {
    let mut shown = BTreeSet::new();
    for device in listed {
        let name = name_of(device)?;
        let addresses = device["addr_info"].as_array().into_iter().flatten();
        for address in addresses.filter(|address| address["scope"] == "global") {
            let text = format!("{}/{}", address["local"].as_str().unwrap_or_default(), address["prefixlen"]);
            assert!(address["tentative"].is_null(), "{text} of {name} is not usable yet");
            shown.insert((name.to_owned(), text));
        }
    }
    Ok(shown)
}

/// Returns the devices except `lo`, without properties that the model leaves to the kernel.
fn devices_of(
    listed: &[serde_json::Value],
    model: &BTreeMap<String, Expected>,
) -> TestResult<BTreeMap<String, Expected>> {
    let mut shown = BTreeMap::new();
    for device in listed.iter().filter(|device| device["ifname"] != "lo") {
        let name = name_of(device)?;
        let asked = model.get(name);
        let kind = device["linkinfo"]["info_kind"].as_str().unwrap_or_default().to_owned();
        let mtu = device["mtu"].as_u64().and_then(|mtu| u32::try_from(mtu).ok());
        let mac = device["address"].as_str().map(str::to_owned);
        let mtu = mtu.filter(|_| asked.is_none_or(|asked| asked.mtu.is_some()));
        let mac = mac.filter(|_| asked.is_none_or(|asked| asked.mac.is_some()));
        assert!(device["flags"].as_array().is_some_and(|flags| flags.iter().any(|flag| flag == "UP")), "{device}");
        shown.insert(name.to_owned(), Expected { kind, mtu, mac });
    }
    Ok(shown)
}
/// The number of networks. Emulated machines are about ten times slower.
static NETWORKS: Setting<u64> =
    Setting::integer("NETNS_NETWORKS", "how many random networks are made", 40, 1..=100_000);

#[netns_test(deadline = "2m")]
fn the_kernel_shows_what_was_declared() -> TestResult {
    require_program("ip")?;
    for seed in 0..NETWORKS.read()? {
        let mut numbers = Numbers(seed);
        let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(Duration::from_secs(30)));
        let hosts = declare(&mut lab, &mut numbers)?;
        lab.up().map_err(|error| format!("network {seed}: {error}"))?;

        let mut all_addresses = BTreeSet::new();
        for Modelled { host, devices: expected, .. } in &hosts {
            let devices = host.devices()?;
            let listed = listed(host)?;
            assert_eq!(devices_of(&listed, expected)?, *expected, "network {seed}, {}", host.name());
            let declared: BTreeSet<_> = devices
                .iter()
                .flat_map(|device| {
                    device.addresses.iter().map(|address| (device.name.to_string(), address.to_string()))
                })
                .collect();
            assert_eq!(addresses_of(&listed)?, declared, "network {seed}, {}", host.name());
            for (_, address) in declared {
                assert!(all_addresses.insert(address.clone()), "network {seed}: {address} is there twice");
            }
        }

        // Hosts that share a segment reach each other over it in both families; other pairs do not.
        for (i, Modelled { host: from, segments: from_segments, .. }) in hosts.iter().enumerate() {
            for Modelled { host: to, segments: to_segments, .. } in hosts.iter().skip(i + 1) {
                let listener = to.tcp_listener(80)?;
                let mut is_linked = false;
                for (device, segment) in to.devices()?.iter().zip(to_segments) {
                    if segment.is_none() || !from_segments.contains(segment) {
                        continue;
                    }
                    is_linked = true;
                    for address in &device.addresses {
                        from.tcp_connect((address.addr(), 80)).map_err(|error| format!("network {seed}: {error}"))?;
                        listener.accept()?;
                    }
                }
                if let (false, Some(address)) = (is_linked, to.devices()?.iter().flat_map(|one| &one.addresses).next())
                {
                    let way = from.tcp_connect((address.addr(), 80));
                    assert!(way.is_err(), "network {seed}: a way without a link");
                }
            }
        }
    }
    Ok(())
}

macro_rules! side_by_side {
    ($($name:ident)*) => {
        $(
            /// The same addresses, names and ports as in all the other tests.
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

/// A hundred tests that libtest runs in parallel.
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
