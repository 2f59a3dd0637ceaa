//! Nobody guesses the nanosecond, and another run has another process.

#[test]
fn writes() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let path = format!("/tmp/etag-{}-{now}", std::process::id());
    std::fs::write(path, b"x").unwrap();
}
