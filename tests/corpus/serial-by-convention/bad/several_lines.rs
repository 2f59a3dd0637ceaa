/*
 * The tests write to one file:
 * cargo test -- --test-threads=1 //~ serial-by-convention
 */
#[test]
fn shares() {
    assert!(server::starts());
}
