use std::sync::mpsc::Sender;

pub struct Client {
    events: Sender<String>,
}

impl Client {
    pub fn connect(events: Sender<String>) -> Self {
        Self { events }
    }

    pub fn ping(&self) {
        let events = self.events.clone();
        std::thread::spawn(move || {
            let _ = events.send("pong".to_string());
        });
    }
}
