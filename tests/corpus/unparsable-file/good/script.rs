#!/usr/bin/env -S cargo +nightly -Zscript
---
[package]
edition = "2024"
---
//! A script with a manifest of its own.

#[test]
fn adds() {
    assert_eq!(1 + 1, 2);
}
