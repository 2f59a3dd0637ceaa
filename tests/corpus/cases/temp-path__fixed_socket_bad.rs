use std::os::unix::net::UnixListener;
#[test]
fn listens() { drop(UnixListener::bind("/tmp/server.sock").unwrap()); }
