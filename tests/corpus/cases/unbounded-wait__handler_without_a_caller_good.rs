// The server calls it.
pub async fn answer(mut peer: rooms::Peer) {
    loop {
        let text = peer.recv().await.unwrap();
        peer.say(&text).unwrap();
    }
}

#[tokio::test]
async fn starts() {
    assert!(rooms::Server::default().is_idle());
}
