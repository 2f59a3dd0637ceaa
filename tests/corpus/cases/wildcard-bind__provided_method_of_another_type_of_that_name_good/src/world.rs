use std::net::TcpListener;

pub trait Serve {
    fn serve(&self) -> TcpListener {
        TcpListener::bind("0.0.0.0:8080").unwrap()
    }
}

pub struct Server;

impl Serve for Server {}
