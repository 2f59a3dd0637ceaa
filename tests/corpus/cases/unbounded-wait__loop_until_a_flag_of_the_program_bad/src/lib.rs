use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Server {
    ready: Arc<AtomicBool>,
}

impl Server {
    pub fn start() -> Self {
        let ready = Arc::new(AtomicBool::new(false));
        let flag = ready.clone();
        std::thread::spawn(move || {
            let _listener = std::net::TcpListener::bind("127.0.0.1:0");
            flag.store(true, Ordering::SeqCst);
        });
        Self { ready }
    }

    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }
}
