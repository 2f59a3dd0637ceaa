#[test]
fn calls() {
    let c = redis::Client::open("redis://127.0.0.1:6379/").unwrap();
    let _ = c.get_connection().unwrap();
}
