use std::net::{SocketAddr, TcpListener, TcpStream};
#[test]
fn serves() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    drop(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
}
