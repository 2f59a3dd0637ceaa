#[test]
fn reads_its_settings() {
    std::env::set_var("SERVER_ADDRESS", "127.0.0.1:0");
    let settings = std::env::var("SERVER_ADDRESS").unwrap();
    assert_eq!(settings, "127.0.0.1:0");
}

#[test]
fn has_defaults() {
    assert!(std::env::var("SERVER_ADDRESS").is_err());
}
