// turmoil simulates: its hosts and sockets live in memory.
use std::net::{IpAddr, Ipv4Addr};

use turmoil::net::{TcpListener, TcpStream};

#[test]
fn echoes_in_the_simulation() {
    let mut sim = turmoil::Builder::new().build();
    sim.host("server", || async {
        let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), 1738)).await?;
        loop {
            let (_stream, _) = listener.accept().await?;
        }
    });
    sim.client("client", async {
        let _stream = TcpStream::connect("192.168.0.1:1738").await?;
        Ok(())
    });
    sim.run().unwrap();
}
