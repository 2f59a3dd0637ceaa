#[test]
fn shares() {
    // only with --test-threads=1 //~ serial-by-convention
    assert!(server::starts());
}
