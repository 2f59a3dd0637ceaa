//! The child is started in another file.

mod common;

#[test]
fn by_a_helper() {
    common::finish(common::server());
}

#[test]
fn of_a_helper() {
    let mut server = common::server();
    server.wait().unwrap(); //~ unbounded-wait
}
