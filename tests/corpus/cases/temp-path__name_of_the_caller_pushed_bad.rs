use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    let mut path = std::env::temp_dir();
    path.push(name);
    path
}

#[test]
fn saves() {
    std::fs::write(file("server_config.yaml"), "x").unwrap();
}
