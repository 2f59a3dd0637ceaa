use std::fs;
#[test]
fn makes() {
    let mut path = std::env::temp_dir();
    path.push("suite");
    fs::create_dir_all(&path).unwrap();
    fs::remove_dir_all(&path).unwrap();
}
