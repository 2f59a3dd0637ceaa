//! Changes of a host whose objects belong to programs: their routes, rules, learned entries and names of devices.

#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::condition::{Condition, Loss, Traffic};
use netns_fixtures::net::link::{Bridge, Veth};
use netns_fixtures::net::{Host, NewRoute, NewRule, Pair};
use netns_fixtures::prelude::*;
use netns_fixtures::{ErrorKind, KernelError};
use netns_tests::witness::ip;

/// A routing daemon, and the kernel after a router advertisement, add routes of other protocols.
#[netns_test(requires(ipv6))]
fn a_route_of_a_program_is_removed(net: Pair) -> TestResult {
    for (family, destination, gateway, protocol) in [
        ("-4", "198.51.100.0/24", IpAddr::V4(net.server.ipv4()), 12),
        ("-6", "2001:db8:8::/48", IpAddr::V6(net.server.ipv6()), 9),
    ] {
        ip(&net.client, &format!("{family} route add {destination} via {gateway} proto {protocol}"))?;
        let to: IpNet = destination.parse()?;
        assert!(net.client.routes()?.iter().any(|route| route.destination == to), "the control: it is listed");
        net.client.delete_route(NewRoute::to(to).via(gateway))?;
        assert_eq!(ip(&net.client, &format!("{family} route show {destination}"))?, "");
    }
    Ok(())
}

/// For a condition that a message leaves out, the kernel removes the first rule with any.
#[netns_test]
fn a_rule_with_more_conditions_is_another_rule(net: Pair) -> TestResult {
    let client = &net.client;
    let shown = || ip(client, "-4 rule show priority 20");
    ip(client, "-4 rule add iif lo lookup 100 priority 20")?;
    let listed = client.rules()?.into_iter().find(|rule| rule.priority == 20).ok_or("a rule")?;
    assert!(listed.has_other_conditions, "{listed:?}");
    assert!(client.rules()?.iter().filter(|rule| rule.priority != 20).all(|rule| !rule.has_other_conditions));
    // Its address makes it a rule of IPv4 only.
    let far: IpNet = "198.51.100.0/24".parse()?;
    let of_ipv4 = || NewRule::lookup(100).priority(20).to(far);
    let before = shown()?;
    let absent = client.remove_rule(NewRule::lookup(100)).unwrap_err();
    assert_eq!(absent.kind(), ErrorKind::NotFound, "{absent}");
    assert_eq!(shown()?, before);
    // Behind a rule with the same priority and table, the kernel would remove the other one.
    ip(client, "-4 rule add iif lo to 198.51.100.0/24 lookup 100 priority 20")?;
    client.add_rule(of_ipv4())?;
    let both = shown()?;
    let refused = client.remove_rule(of_ipv4()).unwrap_err();
    assert!(refused.downcast_ref::<KernelError>().is_some(), "{refused}");
    assert!(format!("{refused:#}").contains("the kernel would remove another rule"), "{refused}");
    assert_eq!(shown()?, both);
    ip(client, "-4 rule delete iif lo to 198.51.100.0/24 lookup 100 priority 20")?;
    client.remove_rule(of_ipv4())?;
    assert_eq!(shown()?, before);
    // A mark of 0 is a condition too.
    client.add_rule(NewRule::lookup(100).mark(0).priority(30))?;
    assert!(ip(client, "rule show priority 30")?.contains("fwmark 0"));
    client.remove_rule(NewRule::lookup(100).mark(0))?;
    assert_eq!(ip(client, "rule show priority 30")?, "");
    Ok(())
}

/// The next packet makes the kernel learn the neighbour again at once.
#[netns_test]
fn a_neighbour_is_removed_while_packets_go_to_it(net: Pair) -> TestResult {
    const ATTEMPTS: usize = 200;
    let server = net.server.ipv4();
    let sender = net.client.udp_socket(0)?;
    let is_over = AtomicBool::new(false);
    let mut removed = 0;
    let outcome = std::thread::scope(|scope| -> TestResult {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // A full queue refuses a packet.
                let _ = sender.send_to(b"x", (server, 9));
            }
        });
        let outcome = (0..ATTEMPTS).try_for_each(|_| match net.client.remove_neighbour("eth0", server) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            answer => {
                answer?;
                removed += 1;
                Ok(())
            }
        });
        is_over.store(true, Ordering::Relaxed);
        outcome
    });
    outcome?;
    assert!(removed > 0, "the control: nothing was removed");
    Ok(())
}

/// Whether the bridge has learned an address depends on earlier traffic.
#[netns_test(requires(bridge))]
fn a_learned_forwarding_entry_becomes_a_permanent_one(net: Pair) -> TestResult {
    let client = &net.client;
    client.add_veth(Veth::to(client).named("other").peer_named("end"))?;
    client.add_device(Bridge::new().named("br0").port("eth0").port("other"))?;
    let mac = net.server.mac("eth0")?;
    let entries = || -> TestResult<Vec<bool>> {
        Ok(client.fdb()?.into_iter().filter(|entry| entry.mac == mac).map(|entry| entry.is_static).collect())
    };
    let sender = net.server.udp_socket(0)?;
    sender.set_broadcast(true)?;
    let broadcast = "198.18.0.255".parse::<IpAddr>()?;
    wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(10), || {
        let sent = sender.send_to(b"x", (broadcast, 9)).map_err(|error| format!("{error:#}"));
        match entries() {
            Ok(found) if found == [false] => std::ops::ControlFlow::Break(()),
            found => std::ops::ControlFlow::Continue(format!("{found:?} {sent:?}")),
        }
    })?;
    client.add_fdb_entry("eth0", mac)?;
    // Where the kernel filters VLANs, it adds one entry without a VLAN and one in the VLAN of the port; source: `br_fdb_add`.
    let found = entries()?;
    assert!(!found.is_empty() && !found.contains(&false), "{found:?}");
    for port in ["eth0", "other"] {
        assert_eq!(client.add_fdb_entry(port, mac).unwrap_err().kind(), ErrorKind::AlreadyExists, "{port}");
    }
    client.remove_fdb_entry("eth0", mac)?;
    assert!(!entries()?.contains(&true));
    Ok(())
}

fn rename(host: &Host, from: &str, to: &str) -> TestResult {
    for words in [format!("link set {from} down"), format!("link set {from} name {to}"), format!("link set {to} up")] {
        ip(host, &words)?;
    }
    Ok(())
}

/// A program in the host renames the end of a link, as an interface manager does.
#[netns_test(requires(ipv6))]
fn a_renamed_device_keeps_its_addresses_and_its_link(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let other = lab.switch("other");
    lab.link(&client, &server);
    lab.up()?;
    rename(&client, "eth0", "wan")?;
    let address: IpNet = "2001:db8:9::1/64".parse()?;
    client.add_address("wan", address)?;
    client.link_down("wan")?;
    assert!(!client.addresses("wan")?.contains(&address), "the control");
    client.link_up("wan")?;
    assert!(client.addresses("wan")?.contains(&address));
    lab.reboot(&client)?;
    assert!(client.addresses("eth0")?.contains(&address), "a start gives it its name again");
    client.ping(&server).count(20).run()?.expect_any()?;
    rename(&client, "eth0", "wan")?;
    let link = lab.link_between(&client, &server)?;
    lab.replug(&link, &client, &other)?;
    assert!(client.devices()?.is_empty());
    lab.remove(&server)?;
    let ports = other.as_host().devices()?.into_iter().filter(|device| device.name.as_str().starts_with("port"));
    assert_eq!(ports.count(), 0, "the link is gone with its other end");
    Ok(())
}

/// Another device may have the earlier name then.
#[netns_test(deadline = "60s")]
fn the_carrier_of_a_renamed_end_of_a_link_is_waited_for(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    lab.link(&client, &server).condition(Condition::new());
    lab.up()?;
    rename(&client, "eth0", "wan")?;
    rename(&server, "eth0", "lan")?;
    let expect_carrier = |host: &Host, device: &str, expected: &str| -> TestResult {
        let path = format!("/sys/class/net/{device}/carrier");
        let shown = host.run(|| std::fs::read_to_string(path))??;
        assert_eq!(shown.trim(), expected, "{device} of {}", host.name());
        Ok(())
    };
    // Many rounds: the relay passes the carrier on a little later, so some calls that do not wait return before.
    for (one, device, other, far_device) in
        [(&client, "wan", &server, "lan"), (&server, "lan", &client, "wan")].repeat(20)
    {
        one.link_down(device)?;
        expect_carrier(other, far_device, "0")?;
        one.link_up(device)?;
        expect_carrier(one, device, "1")?;
        expect_carrier(other, far_device, "1")?;
    }
    for _ in 0..2 {
        client.add_device(Bridge::new().named("eth0"))?;
        client.link_down("eth0")?;
        client.link_up("eth0")?;
        client.remove_device("eth0")?;
    }
    expect_carrier(&server, "lan", "1")?;
    client.add_device(Bridge::new().named("eth0"))?;
    client.remove_device("wan")?;
    client.link_down("eth0")?;
    client.link_up("eth0")?;
    Ok(())
}

/// As when the lab came up.
#[netns_test(requires(ipv6), deadline = "60s")]
fn a_rebooted_host_detects_duplicates_again(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    lab.link(&client, &server).detect_duplicates();
    lab.up()?;
    let shown = || -> TestResult<(String, bool)> {
        let detects = client.sysctl("net/ipv6/conf/eth0/accept_dad")?;
        Ok((detects.trim().to_owned(), ip(&client, "-6 address show dev eth0 scope global")?.contains("nodad")))
    };
    assert_eq!(shown()?, ("1".to_owned(), false), "the control");
    lab.reboot(&client)?;
    assert_eq!(shown()?, ("1".to_owned(), false));
    Ok(())
}

/// Each `_async` form of an operation that waits, with the kernel's view after it.
#[netns_test]
async fn operations_that_wait_have_a_form_for_async_tests(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let [home, street] = ["home", "street"].map(|name| lab.switch(name));
    lab.link(&client, &server).condition(Condition::new());
    lab.link(&client, &home);
    lab.up_async().await?;
    let answers =
        async || -> TestResult<u64> { Ok(client.ping(&server).count(1).run_async().await?.statistics().received) };

    let carrier = |host: &Host| -> TestResult<String> {
        Ok(host.run(|| std::fs::read_to_string("/sys/class/net/eth0/carrier"))??.trim().to_owned())
    };
    client.link_down_async("eth0").await?;
    assert_eq!(carrier(&server)?, "0");
    client.link_up_async("eth0").await?;
    assert_eq!(carrier(&server)?, "1");

    let link = lab.link_between(&client, &server)?;
    link.cut_async().await?;
    assert_eq!(answers().await?, 0);
    link.restore_async().await?;
    link.cut_from_async(&server).await?;
    assert_eq!(answers().await?, 0);
    link.restore_async().await?;
    let lost = Condition::new().loss(Loss::percent(100.0));
    link.set_condition_async(&lost).await?;
    assert_eq!(answers().await?, 0);
    link.set_condition_async(&Condition::new()).await?;
    link.set_condition_from_async(&client, &lost).await?;
    assert_eq!(answers().await?, 0);
    link.set_condition_from_async(&client, &Condition::new()).await?;
    let traffic = Traffic::to(IpNet::from(IpAddr::V4(server.ipv4())));
    link.set_condition_of_async(traffic, &lost).await?;
    assert_eq!(link.condition_of(traffic)?, Some(lost));
    link.remove_condition_of_async(traffic).await?;
    assert_eq!(link.condition_of(traffic)?, None);

    assert_eq!(link.statistics_from_async(&client).await?, link.statistics_from(&client)?);
    link.expect_punctual_async(Duration::from_secs(60)).await?;

    let before = server.namespace()?.inode();
    lab.reboot_async(&server).await?;
    assert_ne!(server.namespace()?.inode(), before);
    let roams = lab.link_between(&client, &home)?;
    let port = lab.replug_async(&roams, &home, &street).await?;
    assert_eq!(street.as_host().device(port.name.as_str())?.link, "client-home");
    lab.remove_async(&server).await?;
    assert_eq!(server.namespace().unwrap_err().kind(), ErrorKind::Gone);
    // Errors are those of the blocking forms.
    assert_eq!(lab.reboot_async(&server).await.unwrap_err().kind(), ErrorKind::Gone);
    assert_eq!(link.cut_async().await.unwrap_err().kind(), ErrorKind::Gone);
    assert_eq!(client.link_down_async("eth9").await.unwrap_err().kind(), ErrorKind::NotFound);
    Ok(())
}
