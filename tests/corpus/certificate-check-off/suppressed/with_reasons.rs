//! Accepted, with the reason.

#[tokio::test]
async fn above() {
    // netns-lint: allow(certificate-check-off) the host has changed its certificate on purpose
    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).timeout(LIMIT).build().unwrap(); //~ certificate-check-off
    // netns-lint: allow(public-internet) there is no other host of that kind
    let answer = client.get("https://example.com/").send().await; //~ public-internet
    assert!(answer.is_ok());
}
