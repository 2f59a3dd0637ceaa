// All components are constant.
#[test]
fn makes() {
    let mut path = std::env::temp_dir();
    path.extend(["suite", "cache"]);
    std::fs::create_dir_all(path.with_extension("d")).unwrap();
}
