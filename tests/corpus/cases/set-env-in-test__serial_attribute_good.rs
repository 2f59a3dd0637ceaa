use serial_test::serial;

#[test]
#[serial]
fn reads_its_settings() {
    std::env::set_var("SERVER_ADDRESS", "127.0.0.1:0");
    std::env::remove_var("SERVER_ADDRESS");
}

#[test]
#[serial]
fn has_defaults() {
    assert!(std::env::var("SERVER_ADDRESS").is_err());
}
