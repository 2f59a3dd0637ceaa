#[test]
fn has_a_server() {
    let client = client::Client::with_a_known_server();
    assert!(client.server().is_ipv4());
}
