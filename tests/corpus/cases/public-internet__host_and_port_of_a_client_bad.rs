//! Host and port are separate arguments of the client's builder.

struct Builder(String);

impl Builder {
    fn new(host: &str, port: u16) -> Self {
        Self(join(host, port))
    }

    fn connect(&self) -> std::io::Result<std::net::TcpStream> {
        std::net::TcpStream::connect(&self.0)
    }
}

#[test]
fn sends_mail() {
    Builder::new("mail.smtp2go.com", 2525).connect().unwrap();
}
