// Nobody guesses the name.
#[test]
fn writes() {
    let mut path = std::env::temp_dir();
    path.push(uuid::Uuid::new_v4().to_string());
    path.set_extension("yaml");
    std::fs::write(&path, "x").unwrap();
}
