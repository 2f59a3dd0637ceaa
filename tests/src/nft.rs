//! Rules of a host's packet filter, set by `nft` (nftables): what a test makes of a network, never the library.

use netns_fixtures::TestResult;
use netns_fixtures::net::Host;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

/// Gives nft a statement in the host; the calling test is skipped where nft is not installed.
///
/// # Errors
///
/// What nft says of it.
pub fn nft(host: &Host, statement: &str) -> TestResult<String> {
    require_program("nft")?;
    let mut command = host.command("nft")?;
    let output = command.arg(statement).keep_capabilities([Capability::NET_ADMIN]).output()?;
    if output.exit.success() {
        return Ok(output.stdout.text().into_owned());
    }
    Err(format!("nft {statement}: {}", output.stderr.text()).into())
}

/// Drops, rejects or counts what matches on its way into the host: `rule` is a match with its verdict. The chain stands before
/// everything else that the host does with a packet for itself.
///
/// # Errors
///
/// What nft says of it.
pub fn on_input(host: &Host, rule: &str) -> TestResult {
    on(host, "input", rule)
}

/// The same for what the host forwards.
///
/// # Errors
///
/// What nft says of it.
pub fn on_forward(host: &Host, rule: &str) -> TestResult {
    on(host, "forward", rule)
}

/// The same for what leaves the host.
///
/// # Errors
///
/// What nft says of it.
pub fn on_output(host: &Host, rule: &str) -> TestResult {
    on(host, "output", rule)
}

fn on(host: &Host, hook: &str, rule: &str) -> TestResult {
    nft(host, "add table inet test")?;
    nft(host, &format!("add chain inet test {hook} {{ type filter hook {hook} priority -200; }}"))?;
    nft(host, &format!("add rule inet test {hook} {rule}"))?;
    Ok(())
}

/// Removes all rules of the host.
///
/// # Errors
///
/// What nft says of it.
pub fn clear(host: &Host) -> TestResult {
    nft(host, "flush ruleset")?;
    Ok(())
}
