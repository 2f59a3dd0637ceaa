use std::{env, time::Duration};
struct Settings { wait: Duration }
fn settings() -> Settings {
    Settings { wait: Duration::from_secs(env::var("WAIT").unwrap().parse().unwrap()) }
}
#[tokio::test]
async fn answers() {
    let settings = settings();
    tokio::time::timeout(settings.wait, std::future::ready(())).await.unwrap();
}
