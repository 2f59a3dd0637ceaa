// The tests share a device.
// Start them with --test-threads=1, or they fail. //~ serial-by-convention
#[test]
fn shares() {
    assert!(server::starts());
}
