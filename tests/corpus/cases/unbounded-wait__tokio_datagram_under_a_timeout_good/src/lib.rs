use tokio::net::UdpSocket;

pub async fn reply(socket: &UdpSocket) {
    let mut buffer = [0; 64];
    let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
    socket.send_to(&buffer[..length], peer).await.unwrap();
}
pub async fn start() -> std::net::SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move { reply(&socket).await });
    address
}
