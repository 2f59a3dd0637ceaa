#[tokio::test]
async fn waits() { tokio::spawn(serve()); std::thread::sleep(std::time::Duration::from_millis(5)); }
