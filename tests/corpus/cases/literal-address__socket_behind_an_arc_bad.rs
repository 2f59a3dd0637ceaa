// The type of the field says that it is a socket.
use std::net::UdpSocket;
use std::sync::Arc;

struct Client {
    socket: Arc<UdpSocket>,
}

impl Client {
    fn asks(&self) -> bool {
        self.socket.send_to(b"?", "10.1.2.3:53").is_ok()
    }
}

#[test]
fn a_question_is_sent() {
    let client = Client { socket: Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap()) };
    assert!(client.asks());
}
