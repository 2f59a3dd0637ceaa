use std::{env, sync::mpsc, time::Duration};
#[test]
fn waits() {
    let (sender, receiver) = mpsc::channel::<u8>();
    std::thread::spawn(move || sender.send(1));
    let millis: u64 = env::var("LIMIT_MS").unwrap().parse().unwrap();
    assert!((1..=5_000).contains(&millis));
    receiver.recv_timeout(Duration::from_millis(millis)).unwrap();
}
