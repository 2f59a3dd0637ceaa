//! Ports that a person chose, bound or connected to on this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};

const PORT: u16 = 4000; //~ literal-port
const ADDRESS: &str = "127.0.0.1:8125"; //~ literal-port

struct Options {
    port: u16,
}

fn serve(port: u16) -> TcpListener {
    TcpListener::bind(("127.0.0.1", port)).unwrap()
}

#[test]
fn in_a_text() {
    TcpListener::bind("127.0.0.1:8080").unwrap(); //~ literal-port
    TcpListener::bind("localhost:20000").unwrap(); //~ literal-port
    TcpListener::bind("[::1]:8080").unwrap(); //~ literal-port
}

#[test]
fn in_a_pair() {
    TcpListener::bind(("127.0.0.1", 8080)).unwrap(); //~ literal-port
    TcpListener::bind((Ipv6Addr::LOCALHOST, PORT)).unwrap();
}

#[test]
fn in_an_address() {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 5353))).unwrap(); //~ literal-port
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081); //~ literal-port
    TcpListener::bind(address).unwrap();
    TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8082)).unwrap(); //~ literal-port
}

#[test]
fn by_a_constant() {
    UdpSocket::bind("127.0.0.1:0").unwrap().connect(ADDRESS).unwrap();
}

#[test]
fn parsed() {
    let address: SocketAddr = "127.0.0.1:9".parse().unwrap(); //~ literal-port
    TcpStream::connect(address).unwrap();
}

#[test]
fn of_a_datagram() {
    let socket = UdpSocket::bind("127.0.0.1:9125").unwrap(); //~ literal-port
    socket.send_to(b"x", "127.0.0.1:9126").unwrap(); //~ literal-port
}

#[test]
fn put_together() {
    let host = "127.0.0.1";
    TcpListener::bind(format!("{host}:7000")).unwrap(); //~ literal-port
    TcpListener::bind(format!("{host}:{PORT}")).unwrap();
}

#[test]
fn on_whatever_host() {
    TcpListener::bind((host(), 7001)).unwrap(); //~ literal-port
}

#[test]
fn by_a_field() {
    let options = Options { port: 7002 }; //~ literal-port
    TcpListener::bind(("127.0.0.1", options.port)).unwrap();
}

#[test]
fn by_a_helper() {
    serve(7003); //~ literal-port
}

#[tokio::test]
async fn asynchronous() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await.unwrap(); //~ literal-port
    axum::serve(listener, router()).await.unwrap();
}

#[test]
fn of_a_server_that_binds_by_itself() {
    actix_web::HttpServer::new(app).bind("127.0.0.1:8088").unwrap(); //~ literal-port
    actix_web::HttpServer::new(app).bind(("127.0.0.1", 8089)).unwrap(); //~ literal-port
}

#[test]
fn of_a_socket_without_a_kind() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: SocketAddr = "127.0.0.1:6000".parse().unwrap(); //~ literal-port
    socket.bind(&address.into()).unwrap();
}

#[test]
fn of_a_client() {
    TcpStream::connect("127.0.0.1:6379").unwrap(); //~ literal-port
    TcpStream::connect(("localhost", 5432)).unwrap(); //~ literal-port
}

#[test]
fn in_a_loop() {
    for port in 8200..8203 { //~ literal-port, literal-port
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }
}
