// The store keeps the text of a path and writes nothing there.
#[test]
fn saves() {
    let store = paths::Store::in_memory();
    store.save("/tmp/config.yaml");
    assert_eq!(store.count(), 1);
}
