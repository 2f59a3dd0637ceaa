use product::ServerBuilder;

#[test]
fn serves() {
    let server = ServerBuilder::new().name("one").address("127.0.0.1:0".parse().unwrap()).build().unwrap();
    assert_eq!(server.name, "one");
}
