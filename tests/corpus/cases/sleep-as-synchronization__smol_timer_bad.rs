use std::time::Duration;
#[test]
fn talks() {
    smol::block_on(async {
        smol::spawn(serve()).detach();
        smol::Timer::after(Duration::from_millis(300)).await;
        smol::net::TcpStream::connect(address()).await.unwrap();
    });
}
