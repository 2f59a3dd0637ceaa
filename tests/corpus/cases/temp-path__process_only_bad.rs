//! A number of a process is used again.

#[test]
fn writes() {
    let path = format!("/tmp/etag-{}", std::process::id());
    std::fs::write(path, b"x").unwrap();
}
