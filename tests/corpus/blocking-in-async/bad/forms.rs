//! What blocks the only thread of a runtime.

use std::thread;
use std::time::Duration;

#[tokio::test]
async fn sleeps() {
    tokio::spawn(server::serve());
    thread::sleep(Duration::from_millis(100)); //~ blocking-in-async
}

#[tokio::test]
async fn sleeps_by_full_path() {
    tokio::spawn(server::serve());
    std::thread::sleep(Duration::from_millis(100)); //~ blocking-in-async
}

#[tokio::test]
async fn sleeps_in_a_branch() {
    tokio::spawn(server::serve());
    if server::is_slow() {
        thread::sleep(Duration::from_secs(1)); //~ blocking-in-async
    }
}

#[tokio::test]
async fn sleeps_while_polling() {
    tokio::spawn(server::serve());
    while !server::is_ready().await {
        thread::sleep(Duration::from_millis(10)); //~ blocking-in-async
    }
}

#[tokio::test]
async fn sleeps_in_a_task() {
    let task = tokio::spawn(async {
        thread::sleep(Duration::from_millis(10)); //~ blocking-in-async
    });
    task.await.unwrap();
}

#[tokio::test]
async fn gets_by_the_blocking_client() {
    let answer = reqwest::blocking::get("http://server.test/"); //~ blocking-in-async
    assert!(answer.is_err());
}

#[tokio::test]
async fn makes_a_blocking_client() {
    let client = reqwest::blocking::Client::new(); //~ blocking-in-async
    drop(client);
}

#[tokio::test]
async fn blocks_on_a_future() {
    futures::executor::block_on(server::stop()); //~ blocking-in-async
}


async fn settle() {
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

#[tokio::test]
async fn uses_a_helper() {
    settle().await;
}

async fn start() {
    tokio::spawn(server::serve());
}

#[tokio::test]
async fn sleeps_beside_a_task_of_a_helper() {
    start().await;
    thread::sleep(Duration::from_millis(5)); //~ blocking-in-async
}

#[tokio::test]
async fn sleeps_beside_a_set_of_tasks() {
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(server::serve());
    thread::sleep(Duration::from_millis(5)); //~ blocking-in-async
}

#[tokio::test]
async fn sleeps_alone() {
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

#[tokio::test(flavor = "multi_thread")]
async fn sleeps_on_one_of_several_threads() {
    tokio::spawn(server::serve());
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

#[tokio::test]
async fn sleeps_after_the_task() {
    let task = tokio::spawn(server::serve());
    task.await.unwrap();
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

#[tokio::test]
async fn sleeps_beside_a_thread() {
    thread::spawn(server::run);
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

async fn job() {
    tokio::spawn(server::work()).await.unwrap();
}

#[tokio::test]
async fn sleeps_after_the_task_of_a_helper() {
    job().await;
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

fn begin() -> tokio::task::JoinHandle<()> {
    tokio::spawn(server::work())
}

#[tokio::test]
async fn sleeps_after_the_task_that_a_helper_returned() {
    let task = begin();
    task.await.unwrap();
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

async fn several() {
    let tasks: Vec<_> = (0..3).map(|_| tokio::spawn(server::work())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn sleeps_after_several_tasks_of_a_helper() {
    several().await;
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

async fn with_a_limit() {
    let task = tokio::spawn(server::work());
    tokio::time::timeout(Duration::from_secs(1), task).await.unwrap().unwrap();
}

#[tokio::test]
async fn sleeps_after_a_task_of_a_helper_with_a_limit() {
    with_a_limit().await;
    thread::sleep(Duration::from_millis(5)); //~ pedantic: blocking-in-async
}

async fn listen() -> u16 {
    let _task = tokio::spawn(server::serve());
    server::port().await
}

#[tokio::test]
async fn sleeps_beside_a_task_that_a_helper_leaves() {
    let port = listen().await;
    thread::sleep(Duration::from_millis(5)); //~ blocking-in-async
    assert_ne!(port, 0);
}
