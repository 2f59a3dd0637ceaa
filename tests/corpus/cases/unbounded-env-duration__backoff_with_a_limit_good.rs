// It grows in each round, and the round ends where it is long.
use std::time::Duration;

#[test]
fn backs_off() {
    let mut pause = std::env::var("PAUSE").unwrap().parse::<u64>().unwrap().clamp(1, 10);
    while pause < 60 {
        std::thread::sleep(Duration::from_secs(pause));
        pause *= 2;
    }
}
