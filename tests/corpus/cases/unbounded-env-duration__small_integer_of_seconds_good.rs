use std::{env, thread, time::Duration};
#[test]
fn pauses() {
    let seconds: u8 = env::var("PAUSE").unwrap().parse().unwrap();
    thread::sleep(Duration::from_secs(seconds.into()));
}
