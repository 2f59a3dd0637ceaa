//! Rules as text of `nft`, for what a firewall has no type: row 44.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use netns_fixtures::net::{Firewall, FirewallRule, Host, LabError, Nat, NftTextError, Refusal};
use netns_fixtures::prelude::*;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

use crate::nat::{Home, OUTSIDE, home};
use crate::traffic::{Reflector, reaches};

/// Maximum wait for an expected datagram.
const PATIENCE: Duration = Duration::from_secs(3);
/// The wait that proves that nothing arrives.
const SILENCE: Duration = Duration::from_millis(300);

fn text_error(error: &netns_fixtures::Error) -> TestResult<NftTextError> {
    match error.downcast_ref::<LabError>() {
        Some(LabError::NftText(error)) => Ok(error.clone()),
        _ => Err(error.to_string().into()),
    }
}

/// Returns what the kernel has, as `nft` shows it.
fn list(host: &Host, arguments: &[&str]) -> TestResult<String> {
    let mut command = host.command("nft")?;
    let output = command.args(arguments).keep_capabilities([Capability::NET_ADMIN]).output()?.success()?;
    Ok(output.stdout.text().into_owned())
}

/// Row 44: rules as text of nft.
///
/// A rule of `nft` drops what it names, and its counter is in the kernel.
#[netns_test(requires(nft))]
fn rules_of_nft_filter_beside_a_firewall(net: Pair) -> TestResult {
    const RULES: &str = "
        table inet mine {
            chain received {
                type filter hook input priority 10; policy accept;
                udp dport 7 udp length > 100 counter drop
            }
        }
    ";
    require_program("nft")?;
    let (client, server) = (net.client.udp_socket(0)?, net.server.udp_socket(7)?);
    let to = (net.server.ipv4(), 7).into();
    let arrives = |bytes: usize| -> TestResult<bool> {
        server.set_read_timeout(Some(if bytes < 100 { PATIENCE } else { SILENCE }))?;
        client.send_to(&vec![0; bytes], std::net::SocketAddr::from((net.server.ipv4(), 7)))?;
        Ok(server.recv(&mut [0; 300]).is_ok())
    };
    assert!(reaches(&client, to, &server, PATIENCE)? && arrives(200)?, "the control");
    let refused = FirewallRule::refuse("echo", Refusal::Drop).udp(9..=9);
    net.server.firewall(&Firewall::new().rule(refused))?;
    let tables = net.server.nft_text(RULES)?;
    assert_eq!(tables.iter().map(ToString::to_string).collect::<Vec<_>>(), ["inet mine"]);
    assert!(arrives(20)? && !arrives(200)?);
    let listed = list(&net.server, &["list", "table", "inet", "mine"])?;
    assert!(listed.contains("counter packets 1 bytes 228 drop"), "{listed}");
    assert_eq!(net.server.firewall_counters()?.len(), 1, "the firewall is still there");
    assert_eq!(net.client.nft_text("add table ip other")?[0].to_string(), "ip other", "each host has its own");
    // A later text removes it.
    assert_eq!(net.server.nft_text("delete table inet mine")?, []);
    assert!(arrives(200)?);
    Ok(())
}

/// Row 44: a text that nft refuses, with its line.
///
/// A text that `nft` refuses changes nothing, and the error has its line.
#[netns_test(requires(nft))]
fn a_text_that_nft_refuses_is_an_error_with_its_line(net: Pair) -> TestResult {
    require_program("nft")?;
    let refused = |text: &str| text_error(&net.server.nft_text(text).expect_err(text));
    let text = "table inet mine {\n  chain received {\n    udp dprt 7 drop\n  }\n}\n";
    let NftTextError::Refused { line, text, words, .. } = refused(text)? else { return Err("another error".into()) };
    assert_eq!((line, text.as_str()), (3, "udp dprt 7 drop"));
    assert!(words.contains("syntax error"), "{words}");
    // The kernel refuses a good line too, and then the whole text.
    let absent = refused("add table inet mine\ndelete table inet absent\n")?;
    let is_of_second = |error: &NftTextError| matches!(error, NftTextError::Refused { line: 2, .. });
    assert!(is_of_second(&absent), "{absent}");
    assert_eq!(refused("list ruleset")?, NftTextError::Unchanged { host: "server".to_owned() });
    assert_eq!(refused("")?, NftTextError::Unchanged { host: "server".to_owned() });
    assert!(matches!(refused(&"#".repeat(300_000))?, NftTextError::TooLong { .. }));
    // No shell reads the text: it would make the name `shell` of this.
    assert!(matches!(refused("add table inet $(echo shell)")?, NftTextError::Refused { line: 1, .. }));
    assert_eq!(net.server.nft_text("add table inet last")?.len(), 1, "none of them has left a table");
    Ok(())
}

/// Row 44: a text leaves NAT and firewall as they are.
///
/// The tables of NAT and firewall stay as they are, whatever the text does.
#[netns_test(requires(nat), deadline = "60s")]
fn a_text_does_not_change_the_tables_of_the_crate(mut lab: Lab) -> TestResult {
    require_program("nft")?;
    let Home { client, router, servers: [server, _], .. } = home(&mut lab)?;
    let reflector = Reflector::on(&server, 3478)?;
    let translated = || -> TestResult<bool> {
        let socket = client.udp_socket_at((client.ipv4(), 0))?;
        Ok(reflector.sees_within(&socket, PATIENCE)?.is_some_and(|seen| seen.ip() != client.addr()))
    };
    router.nat(&Nat::home().outside(OUTSIDE))?;
    assert!(translated()?, "the control");
    for text in ["flush ruleset", "delete table inet netns-testkit-nat", "add table ip a; flush ruleset"] {
        let error = text_error(&router.nft_text(text).expect_err(text))?;
        assert!(matches!(error, NftTextError::OwnTable { line: 1, .. }), "{error}");
    }
    // A handle names the table too, which no check of the text shows.
    let listed = list(&router, &["--handle", "list", "ruleset"])?;
    let handle = listed.lines().find_map(|line| line.split_once("netns-testkit-nat { # handle ")).ok_or("a handle")?.1;
    let error = router.nft_text(&format!("delete table inet handle {handle}")).expect_err("its own table");
    let expected = NftTextError::ChangedOwnTable { host: "router".to_owned(), table: "netns-testkit-nat".to_owned() };
    assert_eq!(text_error(&error)?, expected);
    let says = format!("{error:#}");
    assert!(says.contains("whose rules are as before again, without its mappings and counters"), "{says}");
    assert!(translated()? && router.nat_mappings().is_ok(), "it is as before");
    assert!(router.nft_text("add table inet mine").is_ok() && translated()?);
    // Where nothing of the crate is, all may go.
    assert_eq!(server.nft_text("flush ruleset\nadd table inet first")?.len(), 1);
    lab.reboot(&server)?;
    assert_eq!(server.nft_text("add table inet second")?.len(), 1, "a reboot ends the tables");
    Ok(())
}

/// Row 44: a text waits for a change of the firewall.
///
/// Another thread sets the firewall meanwhile: the text has not changed it, and is not blamed for it.
#[netns_test(requires(nft), deadline = "60s")]
fn a_text_waits_for_a_change_of_the_firewall(net: Pair) -> TestResult {
    require_program("nft")?;
    let firewalls = [7, 8, 9]
        .map(|port| Firewall::new().rule(FirewallRule::refuse(format!("port {port}"), Refusal::Drop).udp(port..=port)));
    net.server.firewall(&firewalls[0])?;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| -> TestResult {
        let (server, is_over) = (net.server.clone(), &is_over);
        let changes = scope.spawn(move || -> Result<usize, netns_fixtures::Error> {
            let mut changes = 0;
            while !is_over.load(Ordering::Relaxed) {
                server.firewall(&firewalls[changes % firewalls.len()])?;
                changes += 1;
            }
            Ok(changes)
        });
        let texts = (0..20).try_for_each(|number| net.server.nft_text(&format!("add table ip t{number}")).map(drop));
        is_over.store(true, Ordering::Relaxed);
        let changes = changes.join().map_err(|_| "panicked")??;
        texts?;
        assert!(changes > 0, "the control");
        Ok(())
    })
}
