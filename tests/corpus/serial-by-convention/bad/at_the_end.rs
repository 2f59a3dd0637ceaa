#[test]
fn shares() {
    assert!(server::starts());
}

// Remember: --test-threads=1 //~ serial-by-convention
