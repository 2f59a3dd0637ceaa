// curl -k at a host of the world, in a combined option.
use std::process::Command;

#[test]
fn downloads() {
    let output = Command::new("curl").args(["-fsSLk", "--max-time", "10", "https://sh.rustup.rs"]).output().unwrap();
    assert!(output.status.success());
}
