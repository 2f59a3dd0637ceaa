//! A ruleset of nftables, loaded by `nft` into a router and tested by traffic.
//!
//! Copy this file and firewall.nft, which you replace by your ruleset, into the `tests` folder of your package. If `nft` is
//! not installed, the test is skipped visibly. Here, `cargo test -p netns-tests --test examples firewall` runs it.

use std::time::Duration;

use netns_fixtures::prelude::*;
use netns_fixtures::probe::{Absence, Protocol};
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

const RULESET: &str = include_str!("firewall.nft");

fn load(ruleset: &str, router: &Host) -> TestResult {
    let mut nft = router.command("nft")?;
    nft.keep_capabilities([Capability::NET_ADMIN]).arg(ruleset).output()?.success()?;
    Ok(())
}

#[netns_test]
fn the_web_is_open_and_the_rest_is_closed(net: Routed) -> TestResult {
    require_program("nft")?;
    let connect = |port| net.client.connect(&net.server, Protocol::Tcp, port).timeout(Duration::from_millis(500));
    let _servers = [net.server.echo_server(Protocol::Tcp, 80)?, net.server.echo_server(Protocol::Tcp, 22)?];
    // The control: without the ruleset, both ports answer.
    for port in [80, 22] {
        connect(port).run()?.expect_connected()?;
    }

    load(RULESET, &net.router)?;
    connect(22).expect_unreachable_with_control(&connect(80))?.because(Absence::Silence)?;
    // Replies pass, new connections from the server's side do not.
    let back = net.server.ping(&net.client).timeout(Duration::from_millis(500));
    back.expect_unreachable_with_control(&net.router)?;
    net.client.ping(&net.server).run()?.expect_all()?;
    Ok(())
}
