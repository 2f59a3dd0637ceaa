//! Waits for messages that end, or that are for the test's own tasks.

use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;

#[tokio::test]
async fn with_a_limit(mut peer: Peer) {
    tokio::time::timeout(Duration::from_secs(5), peer.recv()).await.unwrap();
}

#[tokio::test]
async fn from_a_task_of_the_test() {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move { sender.send(1).await.unwrap() });
    assert_eq!(receiver.recv().await, Some(1));
}

#[tokio::test]
async fn in_memory_only() {
    let mut total = 0;
    let (mut first, mut second) = (numbers(), numbers());
    loop {
        futures::select! {
            number = first.select_next_some() => total += number,
            number = second.select_next_some() => total += number,
            complete => break,
        }
    }
    assert_eq!(total, 6);
}

#[tokio::test]
async fn inside_of_a_server() {
    let server = start(|mut peer| async move { peer.recv().await });
    server.connect().await;
}

#[tokio::test]
async fn looks_at_the_clock(mut peer: Peer, mut other: Peer) {
    let end = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        tokio::select! {
            event = peer.next_event() => assert!(event.is_some()),
            event = other.next_event() => if event.is_none() { break },
            _ = tokio::time::sleep_until(end) => panic!("too late"),
        }
    }
}

struct Script {
    lines: Vec<String>,
}

impl Script {
    async fn recv(&mut self) -> Option<String> {
        self.lines.pop()
    }
}

#[tokio::test]
async fn from_an_own_list() {
    let client = Client::connect("127.0.0.1:0").await;
    let mut script = Script { lines: client.lines() };
    assert!(script.recv().await.is_some());
}
