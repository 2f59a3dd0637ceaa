use std::process::{Child, Command};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

const AT: &str = "http://localhost:3900";

fn start() -> Server {
    Server(Command::new(env!("CARGO_BIN_EXE_server")).spawn().unwrap())
}

fn page(path: &str) -> String {
    format!("{AT}{path}")
}

#[tokio::test]
async fn shows_the_page() {
    let _server = start();
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(5)).build().unwrap();
    let page = client.get(page("/")).send().await.unwrap();
    assert!(page.status().is_success());
}
