use product::{Config, Server};
use std::net::{IpAddr, Ipv4Addr};

#[test]
fn serves() {
    let config = Config { host: IpAddr::V4(Ipv4Addr::LOCALHOST), ..Config::default() };
    let server = Server::new(config);
    let listener = server.start().unwrap();
    assert!(listener.local_addr().is_ok());
}
