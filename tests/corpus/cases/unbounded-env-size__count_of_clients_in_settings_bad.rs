struct Settings {
    clients: usize,
}

impl Settings {
    fn from_env() -> Self {
        let clients = std::env::var("CLIENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
        Self { clients }
    }
}

#[test]
fn many() {
    let settings = Settings::from_env();
    let mut threads = Vec::with_capacity(settings.clients);
    for _ in 0..settings.clients {
        threads.push(std::thread::spawn(|| ()));
    }
}
