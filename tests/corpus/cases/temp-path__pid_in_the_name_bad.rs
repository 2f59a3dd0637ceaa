#[test]
fn writes() {
    let path = std::env::temp_dir().join(format!("out-{}.txt", std::process::id()));
    std::fs::write(&path, "x").unwrap();
    std::fs::remove_file(path).unwrap();
}
