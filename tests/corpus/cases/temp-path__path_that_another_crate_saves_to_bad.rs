// A method called `save` with a path writes a file.
use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    let mut path = std::env::temp_dir();
    path.push(name);
    path
}

#[test]
fn saves() {
    let config = settings::Config::default();
    let path = file("config.yaml");
    assert!(config.save(&path).is_ok());
}
