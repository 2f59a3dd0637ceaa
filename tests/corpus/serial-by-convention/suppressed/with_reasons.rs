//! Accepted, with the reason.

// netns-lint: allow(serial-by-convention) the device is one, and the runner of this package starts them in turn
// cargo test -- --test-threads=1 //~ serial-by-convention
#[test]
fn shares() {
    assert!(server::starts());
}
