#[test]
fn applies() {
    assert!(rules::apply("{}").is_ok());
}
