use std::net::{SocketAddr, TcpListener, UdpSocket};

fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || serve(listener));
    address
}

fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 16];
        let (count, peer) = socket.recv_from(&mut buffer).unwrap();
        socket.send_to(&buffer[..count], peer).unwrap();
    });
    address
}

fn with_listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn kept(servers: &mut Vec<TcpListener>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    servers.push(listener);
    address
}

fn of_macro() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    start_server!(listener);
    address
}

fn of_struct() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    start(Server { listener });
    address
}

#[test]
fn answers() {
    let mut servers = Vec::new();
    let (listener, address) = with_listener();
    ask(server(), echo(), address, kept(&mut servers), of_macro(), of_struct());
    serve(listener);
}
