use product::Client;
use std::sync::mpsc::channel;
use std::time::Duration;

#[test]
fn pings() {
    let (events, received) = channel();
    let client = Client::connect(events);
    client.ping();
    assert_eq!(received.recv_timeout(Duration::from_secs(5)).unwrap(), "pong");
}
