use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

pub fn serve() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            socket.send_to(&buffer[..length], peer).unwrap();
        }
    });
    address
}

pub fn open_socket(limit: Option<Duration>) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    if let Some(limit) = limit {
        socket.set_read_timeout(Some(limit)).unwrap();
    }
    socket
}
