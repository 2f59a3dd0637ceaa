use std::net::TcpListener;
use std::process::Command;

#[test]
fn connects() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(Command::new("client").arg(port.to_string()).status().unwrap().success());
    drop(listener);
}
