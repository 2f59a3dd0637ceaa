//! What all benches share: figures, and how they are shown.

pub mod report;
