use std::io::Read;
use std::net::TcpListener;

pub fn serve(listener: TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}
