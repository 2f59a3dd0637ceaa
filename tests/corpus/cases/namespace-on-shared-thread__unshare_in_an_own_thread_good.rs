use nix::sched::{CloneFlags, unshare};
#[test]
fn empty() {
    std::thread::spawn(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()).join().unwrap();
}
