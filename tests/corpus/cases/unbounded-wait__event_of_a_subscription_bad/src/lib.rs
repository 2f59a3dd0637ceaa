use tokio::sync::broadcast;

pub struct Node {
    events: broadcast::Sender<u32>,
}

impl Node {
    pub async fn start(address: &str) -> Self {
        let (events, _) = broadcast::channel(16);
        let sender = events.clone();
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move {
            while let Ok((_stream, _)) = listener.accept().await {
                let _ = sender.send(1);
            }
        });
        Self { events }
    }

    pub fn subscribe(&self) -> broadcast::Receiver<u32> {
        self.events.subscribe()
    }
}
