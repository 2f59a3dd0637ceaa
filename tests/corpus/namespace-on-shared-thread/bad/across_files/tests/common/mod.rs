//! What the tests share.

pub fn isolate() {
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
}
