/// Needs `--test-threads=1`, as the port is fixed. //~ serial-by-convention
#[test]
fn shares() {
    assert!(server::starts());
}
