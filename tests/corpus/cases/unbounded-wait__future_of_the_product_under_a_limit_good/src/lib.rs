use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Meter {
    stream: TcpStream,
}

impl Meter {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { stream: TcpStream::connect(address).await? })
    }

    async fn read_answer(&mut self) -> io::Result<u8> {
        let mut answer = [0];
        self.stream.read_exact(&mut answer).await?;
        Ok(answer[0])
    }

    pub async fn ask(&mut self) -> io::Result<u8> {
        self.stream.write_all(b"?").await?;
        self.read_answer().await
    }
}
