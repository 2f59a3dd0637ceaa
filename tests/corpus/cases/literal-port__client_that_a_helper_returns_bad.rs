use std::net::TcpStream;

struct Client(String);

impl Client {
    fn builder() -> Self {
        Self(String::new())
    }

    fn url(mut self, url: &str) -> Self {
        self.0 = url.to_owned();
        self
    }

    fn connect(&self) {
        TcpStream::connect(&self.0).unwrap();
    }
}

fn client() -> Client {
    Client::builder().url("mqtt://localhost:1883")
}

#[test]
fn connects() {
    let client = client();
    client.connect();
}
