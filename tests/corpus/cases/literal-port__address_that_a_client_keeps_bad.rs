//! The client keeps the address and connects with its first request.

struct Client {
    address: String,
}

impl Client {
    fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    fn ask(&self) -> std::io::Result<std::net::TcpStream> {
        std::net::TcpStream::connect(&self.address)
    }
}

#[test]
fn asks() {
    let client = Client::new("127.0.0.1:4321");
    client.ask().unwrap();
}
