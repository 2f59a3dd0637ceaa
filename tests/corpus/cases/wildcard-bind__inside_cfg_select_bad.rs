// The platform is chosen in a body.
use std::net::TcpListener;

#[test]
fn listens() {
    let address = cfg_select! {
        unix => { "0.0.0.0:0" }
        _ => { "127.0.0.1:0" }
    };
    assert!(TcpListener::bind(address).is_ok());
}
