use std::sync::{Arc, Mutex};

#[derive(Clone)]
pub struct Node {
    peers: Arc<Mutex<Vec<u32>>>,
}

impl Node {
    pub async fn start() -> Self {
        let peers = Arc::new(Mutex::new(Vec::new()));
        let shared = peers.clone();
        tokio::spawn(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            while listener.accept().await.is_ok() {
                shared.lock().unwrap().push(1);
            }
        });
        Self { peers }
    }

    pub fn add(&self, peer: u32) {
        self.peers.lock().unwrap().push(peer);
    }

    pub fn count(&self) -> usize {
        self.peers.lock().unwrap().len()
    }
}
