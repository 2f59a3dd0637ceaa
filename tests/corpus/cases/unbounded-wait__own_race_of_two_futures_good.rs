use std::time::Duration;

async fn race<F: std::future::Future>(runner: F) {
    tokio::select! {
        _ = runner => {}
        _ = tokio::time::sleep(Duration::from_secs(5)) => {}
    }
}

#[tokio::test]
async fn ends() {
    let mut server = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap();
    race(server.wait()).await;
}
