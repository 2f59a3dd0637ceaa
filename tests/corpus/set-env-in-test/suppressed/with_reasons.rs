//! Accepted, with the reason.

#[test]
fn above() {
    // netns-lint: allow(set-env-in-test) nothing else of this binary reads it
    unsafe { std::env::set_var("ONLY_HERE", "1") }; //~ set-env-in-test
}

#[test]
fn another() {
    assert!(server::starts());
}
