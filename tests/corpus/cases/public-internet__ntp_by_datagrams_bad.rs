use std::net::UdpSocket;
use std::time::Duration;

#[test]
fn asks_for_the_time() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    socket.send_to(&[0x1b; 48], "pool.ntp.org:123").unwrap();
    let mut answer = [0; 48];
    socket.recv_from(&mut answer).unwrap();
}
