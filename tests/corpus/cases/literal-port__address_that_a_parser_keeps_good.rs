//! Nothing that gets the address contacts it.

struct Endpoint {
    address: String,
}

impl Endpoint {
    fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    fn host(&self) -> &str {
        self.address.split(':').next().unwrap()
    }
}

#[test]
fn parses() {
    let endpoint = Endpoint::new("127.0.0.1:4321");
    assert_eq!(endpoint.host(), "127.0.0.1");
}
