use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

pub fn ask(address: SocketAddr) -> io::Result<[u8; 2]> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(2)))?;
    stream.write_all(b"time")?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
