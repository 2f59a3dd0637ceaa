#[test]
fn silent() {
    let mut client = product::Client::connect(product::serve());
    assert!(client.receive().is_err());
}
