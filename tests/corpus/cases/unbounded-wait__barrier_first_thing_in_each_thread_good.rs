use std::sync::{Arc, Barrier};
#[test]
fn together() {
    let barrier = Arc::new(Barrier::new(2));
    let own = barrier.clone();
    let thread = std::thread::spawn(move || {
        own.wait();
        1 + 1
    });
    barrier.wait();
    assert_eq!(thread.join().unwrap(), 2);
}
