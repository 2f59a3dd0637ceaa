//! Shared code of all benches: figures and their output, and the programs of peers.

pub mod cpu;
pub mod peers;
pub mod report;
pub mod settle;
pub mod traffic;
