use turmoil::net::UdpSocket;

#[test]
fn answers() {
    let mut sim = turmoil::Builder::new().build();
    sim.client("client", async {
        let socket = UdpSocket::bind(("0.0.0.0", 5353)).await?;
        socket.send_to(b"a", ("192.168.0.1", 5353)).await?;
        Ok(())
    });
    sim.run().unwrap();
}
