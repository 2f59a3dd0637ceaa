//! Somebody is in the middle of an edit.

#[test]
fn answers() { //~ unparsable-file
    if lookup().is_ok() {
        std::process::Command::new("sh").arg("-c").arg(line()).status().unwrap();
}
