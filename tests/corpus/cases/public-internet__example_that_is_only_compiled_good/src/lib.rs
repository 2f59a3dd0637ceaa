//! Asks servers of a directory.

/// Opens a connection to a server of the directory.
///
/// ```no_run
/// # use std::net::TcpStream;
/// let stream = TcpStream::connect("directory.example.org:11371")?;
/// assert!(stream.peer_addr()?.is_ipv4());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// ```text
/// TcpStream::connect("directory.example.org:11371")
/// ```
pub fn open(server: &str) -> std::io::Result<std::net::TcpStream> {
    std::net::TcpStream::connect(server)
}
