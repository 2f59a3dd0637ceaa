use nix::sched::{CloneFlags, unshare};

fn alone() {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
}

#[test]
fn on_a_thread() {
    std::thread::spawn(alone).join().unwrap();
}

#[test]
fn here() {
    alone();
}
