// The helper sets a limit on the stream, or the test sets one around the wait.
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || serve(listener));
    address
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
}

#[test]
fn answers() {
    let mut stream = connect(start());
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
}

#[tokio::test]
async fn answers_in_time() {
    let mut stream = tokio::net::TcpStream::connect(start()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
    tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
}
