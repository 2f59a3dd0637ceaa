//! The port is free between the listener and the server.
use std::net::TcpListener;
use std::process::Command;

#[test]
fn starts_on_a_free_port() {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let mut child = Command::new(env!("CARGO_BIN_EXE_server")).arg("--port").arg(port.to_string()).spawn().unwrap();
    let _ = child.kill();
    let _ = child.wait();
}
