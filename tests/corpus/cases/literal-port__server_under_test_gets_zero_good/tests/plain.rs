#[test]
fn starts() { drop(serve::Server::new(0).start()); }
