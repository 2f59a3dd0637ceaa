//! The table of the names that `requires(…)` takes.

use proc_macro2::TokenStream;
use quote::quote;

/// All requirements that a test can have on the kernel. `netns_fixtures::requirements` probes each under this name, and compares
/// its own list with this one, including the order.
pub(crate) const NAMES: [&str; 44] = [
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
    "gre",
    "tun",
    "tap",
    "bridge_vlan_filtering",
    "multicast_snooping",
    "tbf",
    "htb",
    "pfifo",
    "ingress",
    "clsact",
    "fq",
    "fq_codel",
    "prio",
    "cake",
    "red",
    "pie",
    "nft",
    "icmp_datagram",
    "raw_socket",
    "packet_socket",
    "mptcp",
    "sctp",
    "ipv6",
    "landlock",
    "bpf",
    "conditions",
    "netem_conditions",
    "nat",
    "policy_routing",
    "multipath",
];

/// Expands `__requirement_names!()`.
pub(crate) fn names(input: &TokenStream) -> TokenStream {
    if !input.is_empty() {
        return syn::Error::new_spanned(input, "`__requirement_names!()` takes nothing").to_compile_error();
    }
    let names = NAMES;
    quote!(&[#(#names),*])
}
