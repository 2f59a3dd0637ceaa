//! What the tests share.

use std::path::PathBuf;

pub const SOCKET: &str = "/tmp/common.sock";

pub fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("my-tests-{name}"))
}
