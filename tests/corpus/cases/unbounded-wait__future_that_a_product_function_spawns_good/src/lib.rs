pub struct Client {
    address: &'static str,
}

impl Client {
    pub fn new(address: &'static str) -> Self {
        Self { address }
    }

    pub async fn connect(&self) {
        tokio::spawn(ask(self.address));
    }

    pub fn is_ready(&self) -> bool {
        self.address.is_empty()
    }
}

async fn ask(address: &'static str) {
    while tokio::net::TcpStream::connect(address).await.is_err() {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}
