use std::path::PathBuf;

fn file(name: &str) -> PathBuf {
    let mut path = std::env::temp_dir();
    path.push(name);
    path
}

#[test]
fn saves() {
    std::fs::write(file(&uuid::Uuid::new_v4().to_string()), "x").unwrap();
}
