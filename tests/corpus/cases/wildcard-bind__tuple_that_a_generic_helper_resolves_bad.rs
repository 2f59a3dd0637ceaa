// The helper takes any address, resolves it and binds the first.
use std::net::ToSocketAddrs;

use socket2::{Domain, Socket, Type};

fn listen<A: ToSocketAddrs>(address: A) -> std::io::Result<Socket> {
    let address = address.to_socket_addrs().unwrap().next().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&socket2::SockAddr::from(address))?;
    socket.listen(16)?;
    Ok(socket)
}

#[test]
fn listens() {
    let port = std::env::var("PORT").unwrap().parse::<u16>().unwrap();
    assert!(listen(("0.0.0.0", port)).is_ok());
}
