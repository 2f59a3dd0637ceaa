/** Start it with RUST_TEST_THREADS=1. */ //~ serial-by-convention
#[test]
fn shares() {
    assert!(server::starts());
}
