use std::process::Command;
#[test]
fn proxied() { Command::new("true").env("HTTP_PROXY", "http://127.0.0.1:0").status().unwrap(); }
#[test]
fn plain() { assert!(std::env::var("HTTP_PROXY").is_err()); }
