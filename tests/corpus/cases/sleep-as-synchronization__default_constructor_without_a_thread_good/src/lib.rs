use std::time::{Duration, Instant};

pub struct Stopwatch(Instant);

impl Default for Stopwatch {
    fn default() -> Self { Self(Instant::now()) }
}
impl Stopwatch {
    pub fn passed(&self) -> Duration { self.0.elapsed() }
}
