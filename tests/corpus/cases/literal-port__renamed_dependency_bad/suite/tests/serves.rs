use core_of_net::prelude::serve as start;

#[test]
fn serves() {
    let listener = start("127.0.0.1:8080");
    assert!(listener.local_addr().is_ok());
}
