//! Shared by tests of real clients: a client changes its network.

use netns_fixtures::net::{Device, LinkHandle, RouterPreset};
use netns_fixtures::prelude::*;

/// Moves a client's end of its link from one router to another one, whose `eth0` leads to the internet: the client gets an address of a new
/// subnet on the same device, and the new router as its gateway.
pub(crate) fn move_to(lab: &mut Lab, client: &Host, link: &LinkHandle, from: &Host, to: &Host) -> TestResult {
    let Device { name: port, .. } = lab.replug(link, from, to)?;
    let mut subnet = lab.subnet(2)?;
    let (of_router, of_client) = (subnet.next_host()?.0, subnet.next_host()?.0);
    to.add_address(port.as_str(), of_router.into())?;
    to.behave_as(RouterPreset::Home, "eth0")?;
    for address in client.addresses("eth0")?.into_iter().filter(|address| address.addr().is_ipv4()) {
        client.replace_address("eth0", address, of_client.into())?;
    }
    client.set_default_gateway(of_router.addr())?;
    Ok(())
}
