use std::os::unix::net::UnixListener;
use std::path::Path;

fn path() -> &'static Path {
    Path::new("/tmp/server-test.sock")
}

#[test]
fn listens() {
    let _ = std::fs::remove_file(path());
    let listener = UnixListener::bind(path()).unwrap();
    assert!(listener.local_addr().is_ok());
}
