// cargo test -- --test-threads=16 is fast enough; TEST_THREADS=12 is not.
#[test]
fn runs_beside_others() {
    assert!(server::starts());
}
