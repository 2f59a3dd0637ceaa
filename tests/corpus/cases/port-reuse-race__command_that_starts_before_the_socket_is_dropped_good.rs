use std::net::TcpListener;
use std::process::Command;

#[test]
fn is_refused_while_another_program_listens() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let mut command = Command::new("server");
    command.args(["--port", &address.port().to_string()]);
    let mut server = command.spawn().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    drop(held);
}
