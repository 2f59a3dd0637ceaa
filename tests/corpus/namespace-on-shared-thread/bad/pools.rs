//! Threads that somebody else has had, and will have.

use nix::sched::{CloneFlags, setns, unshare};

#[test]
fn of_rayon() {
    rayon::spawn(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()); //~ namespace-on-shared-thread
}

#[test]
fn for_what_blocks() {
    let runtime = runtime();
    runtime.spawn_blocking(|| setns(namespace(), CloneFlags::CLONE_NEWNET).unwrap()); //~ namespace-on-shared-thread
}
