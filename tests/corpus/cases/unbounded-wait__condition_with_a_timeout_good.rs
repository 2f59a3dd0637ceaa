use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
#[test]
fn signalled() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = pair.clone();
    std::thread::spawn(move || {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        *other.0.lock().unwrap() = true;
        other.1.notify_one();
    });
    let ready = pair.0.lock().unwrap();
    let (ready, _) = pair.1.wait_timeout_while(ready, Duration::from_secs(5), |ready| !*ready).unwrap();
    assert!(*ready);
}
