//! The README's lab: a client behind a home router, on a 4G link.

use std::time::Duration;

use netns_fixtures::net::Nat;
use netns_fixtures::net::condition::Preset;
use netns_fixtures::prelude::*;

/// Rows 11, 23: a client behind a home router, on a 4G link: the README's lab.
#[netns_test(requires(conditions, nat))]
fn the_client_connects_from_a_train(mut lab: Lab) -> TestResult {
    let [client, server] = ["client", "server"].map(|name| lab.host(name));
    let home = lab.router("home");
    lab.link(&client, &home);
    lab.link(&home, &server).conditions(Preset::Mobile4g.up(), Preset::Mobile4g.down());
    lab.gateway(&client, &home);
    lab.up()?;
    home.nat(&Nat::home().outside("eth1"))?;
    let pings = client.ping(&server).count(20).run()?;
    assert!(pings.percentile(50) > Some(Duration::from_millis(40)));
    let seen = client.observed_address(&server.reflector(3478)?)?;
    assert!(home.addresses("eth1")?.iter().any(|own| own.addr() == seen.ip()));
    Ok(())
}

/// The README has this file's test, which therefore runs.
#[test]
fn the_readme_has_this_test() {
    // The line for docs/scenarios.md is not for readers of the README.
    let lines = include_str!("readme.rs").lines().filter(|line| !line.starts_with("/// Row"));
    let (readme, here) = (include_str!("../../../README.md"), lines.collect::<Vec<_>>().join("\n"));
    let start = readme.find("use std::time::Duration;\n\nuse netns_fixtures::net::Nat;").expect("the example");
    let example = readme[start..].split("```").next().unwrap_or_default();
    assert!(example.contains("#[netns_test(") && here.contains(example), "README.md has another test:\n{example}");
}
