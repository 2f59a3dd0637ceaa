// The object's own method caps what it read.
use std::time::Duration;

struct Settings {
    pause: u64,
}

impl Settings {
    fn read() -> Self {
        Self { pause: std::env::var("PAUSE").unwrap().parse().unwrap() }
    }

    fn pause(&self) -> Duration {
        Duration::from_millis(Ord::clamp(self.pause, 1, 500))
    }
}

#[test]
fn pauses() {
    std::thread::sleep(Settings::read().pause());
}
