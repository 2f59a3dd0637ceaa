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
    with_server(4000, |port| {
        let answer = std::fs::read_to_string("answer").unwrap();
        assert_eq!(answer, port.to_string());
    });
}
