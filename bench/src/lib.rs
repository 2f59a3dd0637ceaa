//! Shared code of all benches: figures and their output, whether the machine was quiet, and the programs of peers.

pub mod cpu;
pub mod peers;
pub mod quiet;
pub mod report;
pub mod settle;
pub mod traffic;
