//! Listeners on every address of the machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, TcpListener, UdpSocket};
use std::process::Command;

const ANY: &str = "0.0.0.0"; //~ wildcard-bind
const EVERYWHERE: [u8; 4] = [0, 0, 0, 0]; //~ wildcard-bind

fn listen(host: &str) -> TcpListener {
    TcpListener::bind((host, 0)).unwrap()
}

#[test]
fn in_a_text() {
    TcpListener::bind("0.0.0.0:0").unwrap(); //~ wildcard-bind
    TcpListener::bind("[::]:0").unwrap(); //~ wildcard-bind
}

#[test]
fn in_a_pair() {
    TcpListener::bind(("0.0.0.0", port())).unwrap(); //~ wildcard-bind
    TcpListener::bind((ANY, port())).unwrap();
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap(); //~ wildcard-bind
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap(); //~ wildcard-bind
}

#[test]
fn in_an_address() {
    TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], 0))).unwrap(); //~ wildcard-bind
    TcpListener::bind(SocketAddr::from((EVERYWHERE, 0))).unwrap();
    TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)).unwrap(); //~ wildcard-bind
    TcpListener::bind(SocketAddrV4::new(Ipv4Addr::new(0, 0, 0, 0), 0)).unwrap(); //~ wildcard-bind
}

#[test]
fn put_together() {
    let port = port();
    TcpListener::bind(format!("0.0.0.0:{port}")).unwrap(); //~ wildcard-bind
    TcpListener::bind(format!("{ANY}:{port}")).unwrap();
}

#[test]
fn parsed() {
    let address: SocketAddr = "0.0.0.0:0".parse().unwrap(); //~ wildcard-bind
    TcpListener::bind(address).unwrap();
}

#[test]
fn by_a_helper() {
    listen("0.0.0.0"); //~ wildcard-bind
}

#[tokio::test]
async fn asynchronous() {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap(); //~ wildcard-bind
    axum::serve(listener, router()).await.unwrap();
}

#[test]
fn of_a_server_that_binds_by_itself() {
    actix_web::HttpServer::new(app).bind(("0.0.0.0", 0)).unwrap(); //~ wildcard-bind
    tiny_http::Server::http("0.0.0.0:0").unwrap(); //~ wildcard-bind
}

#[test]
fn of_a_datagram_server() {
    UdpSocket::bind("0.0.0.0:5353").unwrap(); //~ wildcard-bind, literal-port
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 53)).unwrap(); //~ wildcard-bind, literal-port
}

#[test]
fn of_a_socket_without_a_kind() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: SocketAddr = "0.0.0.0:8080".parse().unwrap(); //~ wildcard-bind, literal-port
    socket.bind(&address.into()).unwrap();
}

#[test]
fn of_a_server_that_is_started() {
    Command::new("nc").args(["-l", "0.0.0.0", &port().to_string()]).status().unwrap(); //~ unbounded-wait, wildcard-bind
    Command::new("server").args(["--listen", "0.0.0.0:8080"]).status().unwrap(); //~ wildcard-bind
    Command::new("dnsmasq").arg("--listen-address=::").status().unwrap(); //~ unbounded-wait, wildcard-bind
    Command::new("python3").args(["-m", "http.server", "--bind", "0.0.0.0"]).status().unwrap(); //~ wildcard-bind
}

#[test]
fn of_a_server_behind_a_wrapper() {
    let line = format!("nc -l 0.0.0.0 {}", port()); //~ wildcard-bind
    Command::new("timeout").args(["5", "nc", "-l", ANY]).status().unwrap();
    Command::new("sh").args(["-c", &line]).status().unwrap(); //~ unbounded-wait, shell-command
}
