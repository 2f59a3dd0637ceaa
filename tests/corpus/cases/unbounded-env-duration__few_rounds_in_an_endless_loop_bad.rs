use std::time::Duration;

#[test]
fn answers() {
    let pause = std::env::var("PAUSE_MS").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(10).min(100);
    loop {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(pause));
        }
        if std::path::Path::new("done").exists() {
            break;
        }
    }
}
