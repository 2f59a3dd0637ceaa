//! Accepted, with the reason.

#[tokio::test]
async fn above() {
    // netns-lint: allow(client-without-timeout) the job that starts it has a limit of a minute
    assert!(reqwest::get(std::env::var("SERVICE").unwrap()).await.is_ok()); //~ client-without-timeout
}
