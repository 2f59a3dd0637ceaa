mod common;

#[test]
fn serves() {
    let port = common::unused();
    product::serve(port).unwrap();
}
