use std::os::unix::net::UnixListener;

#[test]
fn listens() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("server.sock")).unwrap();
    assert!(listener.local_addr().is_ok());
}
