//! The names that `requires(…)` takes: the one table of them.

use proc_macro2::TokenStream;
use quote::quote;

/// Everything a test can require of a kernel; `netns_fixtures::requirements` tries each of them out under this name,
/// and compares its own list with this one, order included.
pub(crate) const NAMES: [&str; 34] = [
    "netem",
    "vlan",
    "veth",
    "bridge",
    "vxlan",
    "macvlan",
    "macvtap",
    "ifb",
    "dummy",
    "ipvlan",
    "vrf",
    "bond",
    "wireguard",
    "geneve",
    "tun",
    "tap",
    "bridge_vlan_filtering",
    "tbf",
    "htb",
    "pfifo",
    "ingress",
    "clsact",
    "fq",
    "fq_codel",
    "prio",
    "cake",
    "nft",
    "icmp_datagram",
    "raw_socket",
    "packet_socket",
    "mptcp",
    "sctp",
    "ipv6",
    "landlock",
];

/// Expands `__requirement_names!()`.
pub(crate) fn names(input: &TokenStream) -> TokenStream {
    if !input.is_empty() {
        return syn::Error::new_spanned(input, "`__requirement_names!()` takes nothing").to_compile_error();
    }
    let names = NAMES;
    quote!(&[#(#names),*])
}
