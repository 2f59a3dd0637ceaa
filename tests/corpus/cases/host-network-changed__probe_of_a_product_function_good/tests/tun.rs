#[test]
fn knows_what_the_machine_has() {
    assert_eq!(client::has_devices(), expected());
}
