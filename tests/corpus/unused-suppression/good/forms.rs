//! Comments that take something back, and texts that are none.

use std::process::Command;

#[test]
fn one_of_two_rules_is_enough() {
    // netns-lint: allow(shell-command, privileged-command) run in the image of the guest, as root or not
    Command::new("sh").arg("-c").arg(line()).status().unwrap();
}

#[test]
fn in_a_text() {
    let text = "// netns-lint: allow(shell-command) no comment";
    assert!(text.starts_with("//"));
}

#[test]
fn in_a_raw_text() {
    let text = r#"
        // netns-lint: allow(shell-command) no comment
    "#;
    assert!(text.contains("allow"));
}

/* A block comment is none either: netns-lint: allow(shell-command) no */
#[test]
fn in_a_block_comment() {
    assert_eq!('"'.len_utf8(), 1);
}
