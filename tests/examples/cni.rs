//! A plugin of the Container Network Interface, which connects a container to the bridge of its node.
//!
//! Copy this file and cni.sh, which you replace by your plugin, to the `tests` folder of your package. If `ip` is not
//! installed, the test is skipped visibly. Here, `cargo test -p netns-tests --test examples cni` runs it.

use netns_fixtures::net::NsName;
use netns_fixtures::net::address::IpNet;
use netns_fixtures::net::link::Bridge;
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

/// Calls the plugin on the node, and returns what it prints; source: the CNI specification, section 2.
fn call(node: &Host, verb: &str, container: &Host, address: IpNet) -> TestResult<String> {
    // Container runtimes give each namespace a name. Only this test sees this name.
    let namespace = container.publish(NsName::new(container.name())?)?;
    // A program of your package: `node.command(cargo_bin!("my-plugin"))`.
    let mut plugin = node.command("sh")?;
    plugin.args(["-c", include_str!("cni.sh")]);
    plugin.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("CNI_COMMAND", verb).env("CNI_IFNAME", "eth0");
    plugin.env("CNI_CONTAINERID", container.name()).env("CNI_NETNS", namespace.path());
    plugin.env("CNI_ARGS", format!("IP={address}"));
    plugin.keep_capabilities([Capability::SYS_ADMIN, Capability::NET_ADMIN]);
    Ok(plugin.output()?.success()?.stdout.text().into_owned())
}

#[netns_test(requires(bridge))]
fn containers_of_a_node_reach_each_other_until_they_are_removed(mut lab: Lab) -> TestResult {
    require_program("ip")?;
    let [node, web, database] = ["node", "web", "database"].map(|name| lab.host(name));
    lab.up()?;
    let mut subnet = lab.subnet(3)?;
    let mut address = || subnet.next_host().map(|(ipv4, _)| IpNet::from(ipv4));
    node.add_device(Bridge::new().named("cni0").address(address()?))?;
    let containers = [(&web, address()?), (&database, address()?)];

    for (container, address) in containers {
        let result = call(&node, "ADD", container, address)?;
        assert!(result.contains(&address.to_string()), "{result}");
        // The kernel's view.
        assert_eq!(container.device("eth0")?.addresses.iter().find(|it| it.addr().is_ipv4()), Some(&address));
    }
    web.ping(&database).run()?.expect_all()?;

    for (container, address) in containers {
        call(&node, "DEL", container, address)?;
        call(&node, "DEL", container, address)?;
        assert!(container.device("eth0").is_err());
    }
    // Only the bridge is left on the node.
    let left: Vec<_> = node.devices()?.into_iter().map(|device| device.name.to_string()).collect();
    assert_eq!(left, ["cni0"]);
    Ok(())
}
