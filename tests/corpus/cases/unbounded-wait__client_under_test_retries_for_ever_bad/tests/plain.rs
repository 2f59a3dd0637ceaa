use client::Client;

#[test]
fn opens() {
    let address = std::env::var("SERVER").unwrap().parse().unwrap();
    let client = Client::open(address);
    drop(client);
}
