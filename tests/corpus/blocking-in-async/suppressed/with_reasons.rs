//! Accepted, with the reason.

#[tokio::test(flavor = "multi_thread")]
async fn above() {
    // netns-lint: allow(blocking-in-async) the other worker has to go on while this one is stuck
    std::thread::sleep(std::time::Duration::from_millis(10)); //~ blocking-in-async
}
