//! The thousand tests of `thousand.rs` in a binary of 200 MB with 50,000 relocations, for `cargo xtask bench isolation`.

#[path = "thousand.rs"]
mod thousand;

/// The loader writes an address into each.
#[used]
static RELOCATED: [&str; 50_000] = ["text"; 50_000];

#[used]
static BYTES: [u8; 200 << 20] = [1; 200 << 20];
