//! Common uses of network laboratories, each as a named test that can be copied; docs/scenarios.md lists them.

#![forbid(unsafe_code)]

mod announcements;
mod backends;
mod bad_conditions;
mod changes;
mod destinations;
mod firewalls;
mod flaps;
mod forwards;
mod hops;
mod kinds;
mod life;
mod link_conditions;
mod listed;
mod mappings;
mod measured;
mod nat;
mod nat64;
mod nat_changes;
mod nft_text;
mod outsides;
mod pools;
mod port_mapping;
mod punching;
mod punctuality;
mod queues;
mod raw_packets;
mod readme;
mod routes;
mod sessions;
mod switches;
mod traffic;
