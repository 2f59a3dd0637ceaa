use std::net::TcpListener;
use std::sync::mpsc::Sender;

pub struct Server {
    ready: Sender<u16>,
}

impl Server {
    pub fn new(ready: Sender<u16>) -> Self {
        Self { ready }
    }

    pub fn start(&self) {
        let ready = self.ready.clone();
        std::thread::spawn(move || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let _ = ready.send(listener.local_addr().unwrap().port());
            let _ = listener.accept();
        });
    }
}
