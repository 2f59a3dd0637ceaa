// An arm without braces, behind a guard.
use futures::{FutureExt, select};

#[tokio::test]
async fn listens_after_a_pause() {
    let ready = true;
    select! {
        _ = tokio::time::sleep(std::time::Duration::from_millis(1)).fuse(), if ready => drop(tokio::net::TcpListener::bind("[::]:0").await.unwrap()),
        complete => {}
    }
}
