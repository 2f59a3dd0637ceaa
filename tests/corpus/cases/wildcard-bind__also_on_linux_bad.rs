#[cfg(any(target_os = "macos", target_os = "linux"))]
#[test]
fn listens() {
    std::net::TcpListener::bind("0.0.0.0:0").unwrap();
}
