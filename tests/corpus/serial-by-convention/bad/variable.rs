// RUST_TEST_THREADS=1 cargo test //~ serial-by-convention
#[test]
fn shares() {
    assert!(server::starts());
}
