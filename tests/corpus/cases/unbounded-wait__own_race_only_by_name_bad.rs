async fn race<F: std::future::Future>(runner: F) -> F::Output {
    println!("the race starts");
    runner.await
}

#[tokio::test]
async fn ends() {
    let mut server = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap();
    race(server.wait()).await.unwrap();
}
