use nix::sched::{CloneFlags, unshare};

fn enters() {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
}

#[tokio::test]
async fn on_a_thread_of_the_pool() {
    tokio::task::spawn_blocking(enters).await.unwrap();
}
