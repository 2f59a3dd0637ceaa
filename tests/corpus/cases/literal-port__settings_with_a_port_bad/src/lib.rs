use std::net::TcpListener;

#[derive(Default)]
pub struct Settings {
    pub port: u16,
    pub threads: usize,
}

pub struct Server {
    settings: Settings,
}

impl Server {
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    pub async fn run(self) -> std::io::Result<()> {
        let listener = TcpListener::bind(format!("127.0.0.1:{}", self.settings.port))?;
        for _stream in listener.incoming() {}
        Ok(())
    }
}
