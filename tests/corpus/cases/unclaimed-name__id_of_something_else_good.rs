use machines::Description;

#[test]
fn describes() {
    assert!(Description::new().os_id("test-memory").is_complete());
}
