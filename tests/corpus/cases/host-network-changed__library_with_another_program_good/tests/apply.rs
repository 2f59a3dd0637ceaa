#[test]
fn applies_with_a_program_that_does_nothing() {
    let nothing: &[&str] = &[];
    assert!(rules::apply_with("{}", Some("true"), nothing).is_ok());
}

#[netns_fixtures::netns_test]
fn applies_in_a_network_of_its_own() {
    assert!(rules::apply("{}").is_ok());
}
