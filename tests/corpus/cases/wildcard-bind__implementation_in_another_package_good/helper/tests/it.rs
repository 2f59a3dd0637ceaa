use helper::Fake;

#[test]
fn serves() {
    product::serve(&Fake);
}
