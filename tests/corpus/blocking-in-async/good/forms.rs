//! What does not block, or not this thread.

use std::thread;
use std::time::Duration;

#[tokio::test]
async fn awaits_a_sleep() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn sleeps_on_another_thread() {
    let other = thread::spawn(|| thread::sleep(Duration::from_millis(10)));
    other.join().unwrap();
}

#[tokio::test]
async fn sleeps_where_it_is_allowed() {
    tokio::task::spawn_blocking(|| thread::sleep(Duration::from_millis(10))).await.unwrap();
}

#[tokio::test]
async fn says_that_it_blocks() {
    tokio::task::block_in_place(|| thread::sleep(Duration::from_millis(10)));
}

#[tokio::test]
async fn awaits_a_client() {
    let answer = reqwest::get("http://server.test/").await;
    assert!(answer.is_err());
}

#[tokio::test]
async fn sleeps_by_its_own() {
    clock::sleep(Duration::from_millis(1)).await;
}

#[tokio::test]
async fn yields() {
    tokio::task::yield_now().await;
}


#[test]
fn has_no_runtime() {
    thread::sleep(Duration::from_millis(10));
    futures::executor::block_on(server::stop());
}

#[tokio::test]
async fn awaits_a_file() {
    assert!(tokio::fs::read("/dev/null").await.is_ok());
}

#[tokio::test]
async fn awaits_a_clock() {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    ticks.tick().await;
}

#[test]
fn sleeps_before_its_runtime() {
    thread::sleep(Duration::from_millis(10));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(server::stop());
}

#[tokio::test]
async fn hands_a_function_to_another_thread() {
    fn pause() {
        thread::sleep(Duration::from_millis(10));
    }
    tokio::task::spawn_blocking(pause).await.unwrap();
}
