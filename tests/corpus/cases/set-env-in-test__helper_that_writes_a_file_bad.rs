fn folder_with(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("settings"), text).unwrap();
    folder
}

#[test]
fn reads_one() {
    let folder = folder_with("a");
    std::env::set_current_dir(folder.path()).unwrap();
    assert_eq!(std::fs::read("settings").unwrap(), b"a");
}

#[test]
fn reads_another() {
    let folder = folder_with("b");
    std::env::set_current_dir(folder.path()).unwrap();
    assert_eq!(std::fs::read("settings").unwrap(), b"b");
}
