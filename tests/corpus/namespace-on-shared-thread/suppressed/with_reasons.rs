//! Accepted, with the reason.

use nix::sched::{CloneFlags, unshare};

#[test]
fn above() {
    // netns-lint: allow(namespace-on-shared-thread) nextest gives each test a process, and nothing else runs this
    unshare(CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
}
