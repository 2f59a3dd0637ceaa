use std::sync::mpsc;

#[tokio::test(flavor = "multi_thread")]
async fn arrives() {
    let (sender, receiver) = mpsc::channel();
    tokio::spawn(async move { sender.send(1).unwrap() });
    assert_eq!(receiver.recv().unwrap(), 1);
}
