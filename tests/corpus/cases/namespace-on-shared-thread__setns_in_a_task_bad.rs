use nix::sched::{CloneFlags, setns};
#[tokio::test]
async fn inside() {
    let lab = std::fs::File::open(std::env::var("NETNS").unwrap()).unwrap();
    tokio::task::spawn_blocking(move || setns(&lab, CloneFlags::CLONE_NEWNET).unwrap()).await.unwrap();
}
