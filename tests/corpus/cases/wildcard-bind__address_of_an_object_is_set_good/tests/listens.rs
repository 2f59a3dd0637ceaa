use std::net::{IpAddr, Ipv4Addr};

use relay::Server;

#[tokio::test]
async fn listens() {
    let mut server = Server::new("one");
    server.set_address(IpAddr::V4(Ipv4Addr::LOCALHOST));
    tokio::spawn(server.listen());
}
