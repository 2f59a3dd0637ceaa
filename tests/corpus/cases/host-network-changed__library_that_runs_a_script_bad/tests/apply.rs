#[test]
fn makes_a_bridge() {
    assert!(rules::make_bridge());
}
