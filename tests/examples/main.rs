//! The examples as one program, so that CI links once. Each module is a whole test file: copy one to the `tests` folder of your package.
//! README.md lists them.

#![forbid(unsafe_code)]

mod cni;
mod daemon;
mod firewall;
mod lease;
mod loopback;
mod reachability;
mod roaming;
mod sidecar;
mod tcp;
mod vpn;
