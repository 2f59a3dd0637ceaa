use std::sync::atomic::{AtomicBool, Ordering};

static DONE: AtomicBool = AtomicBool::new(false);

#[tokio::test]
async fn serves() {
    tokio::spawn(async { DONE.store(true, Ordering::Relaxed) });
    loop {
        if DONE.load(Ordering::Relaxed) {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[test]
#[should_panic]
fn stops() {
    std::thread::spawn(|| loop {});
    panic!("the thread does not matter");
}
