use std::process::Command;

fn with_server<T>(port: u16, body: impl FnOnce(u16) -> T) -> T {
    let mut server = Command::new("server").arg(port.to_string()).spawn().unwrap();
    let result = body(port);
    server.kill().unwrap();
    server.wait().unwrap();
    result
}

#[test]
fn answers() {
    let sum = with_server(4000, |port| u32::from(port) + 1);
    assert_eq!(sum, 4001);
}
