#[test]
fn listens() {
    product::listen("unix:/tmp/product.sock").unwrap();
}
