#[test]
fn shares() {
    assert!(server::starts()); // fails without --test-threads=1 //~ serial-by-convention
}
