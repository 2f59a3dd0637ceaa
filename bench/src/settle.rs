//! A pause between two measurements of networks.

use std::fs;
use std::time::Duration;

use netns_fixtures::net::Namespace;
use netns_fixtures::time::Deadline;

/// Waits until the kernel has destroyed earlier namespaces: it does so in the background, with the lock that device creation also takes.
/// `kept` of them live on. The limit
/// allows one more, besides the test's own, so a new one succeeds only after all others are gone.
///
/// # Errors
///
/// The setting cannot be read or written; the namespaces are not destroyed within two minutes.
pub fn settle(kept: u32) -> Result<(), Box<dyn std::error::Error>> {
    const LIMIT: &str = "/proc/sys/user/max_net_namespaces";
    let usual = fs::read_to_string(LIMIT)?;
    fs::write(LIMIT, (2 + kept).to_string())?;
    let alone = Namespace::create(Deadline::after(Duration::from_secs(120)));
    fs::write(LIMIT, usual.trim())?;
    alone.map(drop).map_err(Into::into)
}
