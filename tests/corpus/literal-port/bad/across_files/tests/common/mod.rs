//! What the tests share.

pub const PORT: u16 = 4100;

pub fn listen(port: u16) -> std::net::TcpListener {
    std::net::TcpListener::bind(("127.0.0.1", port)).unwrap()
}
