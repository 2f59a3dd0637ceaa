use std::sync::{Arc, Condvar, Mutex};
#[test]
fn signalled() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = pair.clone();
    std::thread::spawn(move || {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        *other.0.lock().unwrap() = true;
        other.1.notify_one();
    });
    let mut ready = pair.0.lock().unwrap();
    while !*ready {
        ready = pair.1.wait(ready).unwrap();
    }
}
