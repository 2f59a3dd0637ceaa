// The helper adds a constant name.
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    let mut path = std::env::temp_dir();
    path.push(name);
    path
}

#[test]
fn writes() {
    std::fs::write(file("state.json"), "{}").unwrap();
}
