// The path is built in steps.
#[test]
fn writes() {
    let mut path = std::env::temp_dir();
    path.push("settings.yaml");
    std::fs::write(&path, "x").unwrap();
}
