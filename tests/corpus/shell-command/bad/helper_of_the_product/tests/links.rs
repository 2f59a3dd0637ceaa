//! What tests hand to it is.

#[test]
fn from_outside() {
    case::sh(&line()); //~ shell-command
}
