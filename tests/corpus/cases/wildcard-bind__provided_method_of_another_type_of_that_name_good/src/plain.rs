use std::ops::Deref;

pub struct Inner;

impl Inner {
    pub fn serve(&self) -> std::net::TcpListener {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap()
    }
}

pub struct Server(pub Inner);

impl Deref for Server {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
