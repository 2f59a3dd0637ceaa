//! Rules of a host's packet filter, set with `nft` (nftables). Only tests set them, never the library.

use netns_fixtures::TestResult;
use netns_fixtures::net::Host;
use netns_fixtures::process::Capability;
use netns_fixtures::requirements::require_program;

/// Runs an nft statement in the host; skips the calling test if nft is not installed.
///
/// # Errors
///
/// Fails with nft's message.
pub fn nft(host: &Host, statement: &str) -> TestResult<String> {
    require_program("nft")?;
    let mut command = host.command("nft")?;
    let output = command.arg(statement).keep_capabilities([Capability::NET_ADMIN]).output()?;
    if output.status.success() {
        return Ok(output.stdout.text().into_owned());
    }
    Err(format!("nft {statement}: {}", output.stderr.text()).into())
}

/// Drops, rejects or counts matching packets on their way into the host; `rule` is a match with its verdict. The chain comes before the
/// host's other processing of its own packets.
///
/// # Errors
///
/// Fails with nft's message.
pub fn on_input(host: &Host, rule: &str) -> TestResult {
    on(host, "input", rule)
}

/// Applies the rule to packets that the host forwards.
///
/// # Errors
///
/// Fails with nft's message.
pub fn on_forward(host: &Host, rule: &str) -> TestResult {
    on(host, "forward", rule)
}

/// Applies the rule to packets that leave the host.
///
/// # Errors
///
/// Fails with nft's message.
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
/// Fails with nft's message.
pub fn clear(host: &Host) -> TestResult {
    nft(host, "flush ruleset")?;
    Ok(())
}
