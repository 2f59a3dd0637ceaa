#[cfg(windows)]
#[test]
fn listens() {
    std::net::TcpListener::bind("0.0.0.0:0").unwrap();
}

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
mod bsd {
    #[test]
    fn listens() {
        std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    }
}
