use std::os::unix::net::UnixListener;
#[test]
fn listens() {
    let folder = tempfile::tempdir().unwrap();
    drop(UnixListener::bind(folder.path().join("server.sock")).unwrap());
}
