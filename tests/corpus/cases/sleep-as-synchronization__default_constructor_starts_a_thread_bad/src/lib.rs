use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Counter(Arc<AtomicUsize>);

impl Default for Counter {
    fn default() -> Self {
        let shared = Arc::new(AtomicUsize::new(0));
        let own = shared.clone();
        std::thread::spawn(move || own.fetch_add(1, Ordering::SeqCst));
        Self(shared)
    }
}
impl Counter {
    pub fn get(&self) -> usize { self.0.load(Ordering::SeqCst) }
}
