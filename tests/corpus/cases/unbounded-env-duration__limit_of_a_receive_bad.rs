use std::{env, sync::mpsc, time::Duration};
#[test]
fn waits() {
    let (sender, receiver) = mpsc::channel::<u8>();
    std::thread::spawn(move || sender.send(1));
    let millis: u64 = env::var("LIMIT_MS").map_or(500, |text| text.parse().unwrap());
    receiver.recv_timeout(Duration::from_millis(millis)).unwrap();
}
