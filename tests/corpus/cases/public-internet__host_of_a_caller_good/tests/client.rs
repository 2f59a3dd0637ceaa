#[test]
fn has_a_server() {
    assert_eq!(client::resolved("localhost:9"), client::resolved("127.0.0.1:9"));
    assert!(client::server(false).is_ipv4());
}
