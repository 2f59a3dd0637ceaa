//! What tests hand to it is.

#[test]
fn from_outside() {
    case::run(&line()); //~ split-command
}
