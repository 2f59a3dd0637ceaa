use nix::sched::{CloneFlags, unshare};
#[test]
fn empty() { unshare(CloneFlags::CLONE_NEWNET).unwrap(); }
