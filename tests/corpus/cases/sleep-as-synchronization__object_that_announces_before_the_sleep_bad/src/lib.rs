use std::net::UdpSocket;

pub struct Discovery {
    socket: UdpSocket,
}

impl Discovery {
    pub fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let peer = socket.try_clone().unwrap();
        std::thread::spawn(move || peer.recv(&mut [0; 512]));
        Self { socket }
    }

    pub fn announce(&self) {
        self.socket.send_to(b"here", "127.0.0.1:9").unwrap();
    }

    pub fn known(&self) -> Vec<String> {
        Vec::new()
    }
}
