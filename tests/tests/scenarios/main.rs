//! Common uses of network laboratories, each as a named test that can be copied; docs/scenarios.md lists them.

#![forbid(unsafe_code)]

mod backends;
mod changes;
mod destinations;
mod firewalls;
mod life;
mod link_conditions;
mod listed;
mod nat;
mod routes;
mod switches;
mod traffic;
