//! What a generator fills in.

#[test]
fn {{ name }}() { //~ unparsable-file
    assert!(true);
}
