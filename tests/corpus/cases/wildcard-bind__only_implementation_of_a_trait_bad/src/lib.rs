use std::io::Result;
use std::net::TcpListener;

pub trait Transport {
    type Listener;

    fn open(self) -> Result<Self::Listener>;
}

pub struct Plain {
    address: String,
}

impl Plain {
    pub fn new(address: &str) -> Self {
        Self { address: address.to_string() }
    }
}

impl Transport for Plain {
    type Listener = TcpListener;

    fn open(self) -> Result<TcpListener> {
        TcpListener::bind(self.address)
    }
}

pub fn serve<T: Transport<Listener = TcpListener>>(transport: T) -> Result<TcpListener> {
    transport.open()
}
