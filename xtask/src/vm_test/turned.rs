//! A guest whose settings are all other than the kernel's defaults, as administrators and other software leave them. Tests must have the
//! same results there.
//!
//! Role: a process of the guest, which root runs before the tests. Parent: the guest's first process.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use super::nscd;

/// Folders that stay writable on the read-only root.
const WRITABLE: [&str; 4] = ["/tmp", "/root", "/home", "/var/tmp"];

/// Settings by their files below `/proc/sys/net`, in the order of writing. A `*` stands for `all` and `default`. Settings that this kernel
/// lacks are left out.
const SETTINGS: &[(&str, &str)] = &[
    // New namespaces copy the settings of both families; source: Documentation/admin-guide/sysctl/net.rst.
    ("core/devconf_inherit_init_net", "1"),
    // As Docker, libvirt and Kubernetes leave them. `forwarding` comes first, because it changes others.
    ("ipv4/conf/*/forwarding", "1"),
    ("ipv6/conf/*/forwarding", "1"),
    ("ipv4/conf/*/rp_filter", "1"),
    ("ipv4/conf/*/accept_redirects", "0"),
    ("ipv4/conf/*/send_redirects", "0"),
    ("ipv4/conf/*/secure_redirects", "0"),
    ("ipv4/conf/*/shared_media", "0"),
    ("ipv4/conf/*/accept_source_route", "1"),
    ("ipv4/conf/*/accept_local", "1"),
    ("ipv4/conf/*/route_localnet", "1"),
    ("ipv4/conf/*/arp_ignore", "2"),
    ("ipv4/conf/*/arp_announce", "2"),
    ("ipv4/conf/*/arp_filter", "1"),
    ("ipv4/conf/*/arp_notify", "1"),
    ("ipv4/conf/*/proxy_arp", "1"),
    ("ipv4/conf/*/log_martians", "1"),
    ("ipv4/conf/*/promote_secondaries", "1"),
    ("ipv4/conf/*/ignore_routes_with_linkdown", "1"),
    ("ipv4/neigh/default/base_reachable_time_ms", "2000"),
    ("ipv4/neigh/default/gc_stale_time", "1"),
    ("ipv4/neigh/default/ucast_solicit", "1"),
    ("ipv4/neigh/default/app_solicit", "1"),
    ("ipv4/neigh/default/retrans_time_ms", "100"),
    ("ipv6/neigh/default/base_reachable_time_ms", "2000"),
    ("ipv6/neigh/default/gc_stale_time", "1"),
    ("ipv6/neigh/default/ucast_solicit", "1"),
    ("ipv6/neigh/default/app_solicit", "1"),
    ("ipv6/neigh/default/retrans_time_ms", "100"),
    ("ipv6/conf/*/accept_ra", "2"),
    ("ipv6/conf/*/accept_redirects", "0"),
    ("ipv6/conf/*/autoconf", "0"),
    ("ipv6/conf/*/hop_limit", "7"),
    ("ipv6/conf/*/use_tempaddr", "2"),
    ("ipv6/conf/*/dad_transmits", "3"),
    ("ipv6/conf/*/addr_gen_mode", "1"),
    ("ipv6/conf/*/disable_ipv6", "1"),
    // Tiny buffers.
    ("ipv4/tcp_rmem", "4096 4096 16384"),
    ("ipv4/tcp_wmem", "4096 4096 16384"),
    ("core/rmem_default", "8192"),
    ("core/wmem_default", "8192"),
    // With less, `ip` and `tc` fail (ENOBUFS): their buffer has no room for a second part of a dump; source: `netlink_dump`.
    ("core/rmem_max", "32768"),
    ("core/wmem_max", "16384"),
    // Other settings that belong to one namespace only.
    ("ipv4/ip_default_ttl", "7"),
    ("ipv4/ip_local_port_range", "40000 40999"),
    ("ipv4/ip_unprivileged_port_start", "2000"),
    ("ipv4/ping_group_range", "1 0"),
    ("ipv4/icmp_echo_ignore_all", "1"),
    ("ipv4/tcp_timestamps", "0"),
    ("ipv4/tcp_syncookies", "0"),
    ("ipv4/ip_nonlocal_bind", "1"),
    ("ipv6/bindv6only", "1"),
    ("ipv6/ip_nonlocal_bind", "1"),
];

/// Turns the settings, removes `/run`, makes the root read-only, and prepares for nscd. Nothing restores them: the guest ends with its tests.
///
/// # Errors
///
/// The setting or the mount that the kernel refuses.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    super::only_in_the_guest()?;
    for (setting, value) in SETTINGS {
        let files = if setting.contains('*') { &["all", "default"][..] } else { &[""] };
        for file in files.iter().map(|place| format!("/proc/sys/net/{}", setting.replace('*', place))) {
            if Path::new(&file).exists() {
                fs::write(&file, value).with_context(|| format!("failed to write {value} to {file}"))?;
            }
        }
    }
    umount2("/run", MntFlags::MNT_DETACH).context("failed to unmount /run")?;
    fs::remove_dir("/run").context("failed to remove /run")?;
    nscd::prepare()?;
    let none = None::<&str>;
    for folder in WRITABLE {
        mount(Some(folder), folder, none, MsFlags::MS_BIND, none)
            .with_context(|| format!("failed to bind {folder} on itself"))?;
    }
    mount(none, "/", none, MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, none)
        .context("failed to make the root read-only")?;
    Ok(ExitCode::SUCCESS)
}
