//! A fixed port on every address.

struct Settings {
    port: u16,
}

#[test]
fn serves() {
    let settings = Settings { port: 8080 };
    let listener = std::net::TcpListener::bind((std::net::Ipv6Addr::UNSPECIFIED, settings.port)).unwrap();
    drop(listener);
}
