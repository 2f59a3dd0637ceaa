use std::time::Duration;

#[test]
fn echoes() {
    let server = echo::serve();
    let limit = Duration::from_secs(2);
    let socket = echo::open_socket(None);
    socket.send_to(b"x", server).unwrap();
    let mut buffer = [0; 64];
    let length = socket.recv(&mut buffer).unwrap();
    assert_eq!((&buffer[..length], limit), (&b"x"[..], limit));
}
