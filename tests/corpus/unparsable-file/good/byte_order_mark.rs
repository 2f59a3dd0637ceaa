//! Written by an editor that begins files with a mark.

#[test]
fn adds() {
    assert_eq!(1 + 1, 2);
}
