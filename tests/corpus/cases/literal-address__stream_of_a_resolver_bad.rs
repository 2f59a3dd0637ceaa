use hickory_client::client::Client;
use hickory_client::proto::udp::UdpClientStream;
use std::net::SocketAddr;

#[tokio::test]
async fn resolves() {
    let server = SocketAddr::from(([9, 9, 9, 9], 53));
    let stream = UdpClientStream::builder(server, provider()).build();
    Client::connect(stream).await.unwrap();
}
