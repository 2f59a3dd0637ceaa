use client::Client;

#[test]
fn opens() {
    let address = std::env::var("SERVER").unwrap().parse().unwrap();
    assert!(Client::open(address).is_some());
}
