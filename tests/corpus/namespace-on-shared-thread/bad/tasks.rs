//! A task may be on another thread after the next `.await`, and another task on this one.

use nix::sched::{CloneFlags, setns, unshare};

struct Namespace;

impl Namespace {
    async fn enter() -> Self {
        setns(descriptor(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
        Self
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        setns(before(), CloneFlags::CLONE_NEWNET).unwrap();
    }
}

#[tokio::test]
async fn in_a_test() {
    setns(descriptor(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
    lookup().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_guard_across_a_wait() {
    let _namespace = Namespace::enter().await;
    lookup().await.unwrap();
}

#[tokio::test]
async fn in_a_task() {
    tokio::spawn(async {
        unshare(CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
        lookup().await.unwrap();
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn on_a_blocking_thread_of_the_runtime() {
    tokio::task::spawn_blocking(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()).await.unwrap(); //~ namespace-on-shared-thread
}

#[test]
fn in_a_block() {
    runtime().block_on(async {
        setns(descriptor(), CloneFlags::CLONE_NEWNET).unwrap(); //~ namespace-on-shared-thread
        lookup().await.unwrap();
    });
}
