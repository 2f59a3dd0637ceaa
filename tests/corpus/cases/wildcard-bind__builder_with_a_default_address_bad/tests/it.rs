use product::ServerBuilder;

#[test]
fn serves() {
    let server = ServerBuilder::new().name("one").build().unwrap();
    assert_eq!(server.name, "one");
}
