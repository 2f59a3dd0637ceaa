use product::Builder;

#[test]
fn serves() {
    Builder::default().port(7777).start().unwrap();
}
