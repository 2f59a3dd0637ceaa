use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
const PORT: u16 = 5300;
#[tokio::test]
async fn serves() {
    let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, PORT);
    drop(tokio::net::UdpSocket::bind(address).await.unwrap());
    drop(UdpSocket::bind("127.0.0.1:0"));
}
