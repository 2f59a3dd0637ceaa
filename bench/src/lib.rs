//! Shared code of all benches: figures and their output.

pub mod cpu;
pub mod report;
pub mod settle;
