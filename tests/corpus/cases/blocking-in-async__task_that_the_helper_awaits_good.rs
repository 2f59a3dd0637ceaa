//! The task has ended before the sleep.

async fn job() {
    tokio::spawn(work()).await.unwrap();
}

fn begin() -> tokio::task::JoinHandle<()> {
    tokio::spawn(work())
}

#[tokio::test]
async fn works() {
    job().await;
    std::thread::sleep(std::time::Duration::from_millis(5));
}

#[tokio::test]
async fn works_twice() {
    let task = begin();
    task.await.unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5));
}
