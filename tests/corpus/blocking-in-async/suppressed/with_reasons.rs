//! Accepted, with the reason.

#[tokio::test]
async fn above() {
    tokio::spawn(server::serve());
    // netns-lint: allow(blocking-in-async) the server has to be stuck while this sleeps
    std::thread::sleep(std::time::Duration::from_millis(10)); //~ blocking-in-async
}
