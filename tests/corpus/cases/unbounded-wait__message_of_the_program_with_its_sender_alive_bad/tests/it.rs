use product::Client;
use std::sync::mpsc::channel;

#[test]
fn pings() {
    let (events, received) = channel();
    let client = Client::connect(events);
    client.ping();
    assert_eq!(received.recv().unwrap(), "pong");
}
