pub const PORT: u16 = 0;

mod rig {
    pub struct Peer {
        listener: std::net::TcpListener,
    }

    impl Peer {
        pub fn new() -> Self {
            Self { listener: std::net::TcpListener::bind("0.0.0.0:0").unwrap() }
        }

        pub fn port(&self) -> u16 {
            self.listener.local_addr().unwrap().port()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_a_port() {
        assert_ne!(rig::Peer::new().port(), PORT);
    }
}
