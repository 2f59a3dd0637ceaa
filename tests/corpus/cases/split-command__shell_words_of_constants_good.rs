use std::process::Command;

#[test]
fn runs() {
    let words = shell_words::split("ip -o link show lo").unwrap();
    let output = Command::new(&words[0]).args(&words[1..]).output().unwrap();
    assert!(output.status.success());
}
