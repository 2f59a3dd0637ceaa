#[test]
fn forwards() {
    let origin = origin::start();
    proxy::forward();
    drop(origin);
}
