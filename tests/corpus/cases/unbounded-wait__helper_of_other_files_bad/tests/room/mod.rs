pub async fn talk(alice: rooms::Client, bob: rooms::Client) {
    let mut heard = bob.subscribe().await.unwrap();
    alice.say("hi").unwrap();
    assert_eq!(heard.recv().await.unwrap(), "hi");
}
