// The test has both ends of what it reads; the server under test is another one.
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{FromRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;

#[test]
fn by_incoming() {
    let server = chat::Server::bind().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap();
    let task = std::thread::spawn(move || for stream in listener.incoming().take(1) { stream.unwrap().write_all(b"x").unwrap(); });
    let mut stream = TcpStream::connect(own).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    task.join().unwrap();
    drop(server);
}

#[test]
fn by_port() {
    let server = chat::Server::bind().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"x").unwrap());
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    drop(server);
}

#[tokio::test]
async fn by_descriptor() {
    let server = chat::Server::bind().unwrap();
    let (near, far) = UnixStream::pair().unwrap();
    let mut far = unsafe { async_std::os::unix::net::UnixStream::from_raw_fd(far.into_raw_fd()) };
    async_std::io::ReadExt::read_exact(&mut far, &mut [0]).await.unwrap();
    far.read_exact(&mut [0]).await.unwrap();
    drop((near, server));
}
