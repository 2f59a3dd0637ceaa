use product::Open as Opens;
use std::net::TcpListener;

pub struct Fake;

impl Opens for Fake {
    fn open(&self) -> TcpListener {
        TcpListener::bind("127.0.0.1:0").unwrap()
    }
}
