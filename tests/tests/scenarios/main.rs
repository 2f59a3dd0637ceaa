//! Common uses of network laboratories, each as a named test that can be copied; docs/scenarios.md lists them.

#![forbid(unsafe_code)]

mod backends;
mod changes;
mod firewalls;
mod hops;
mod life;
mod link_conditions;
mod listed;
mod nat;
mod punctuality;
mod readme;
mod routes;
mod sessions;
mod switches;
mod traffic;
