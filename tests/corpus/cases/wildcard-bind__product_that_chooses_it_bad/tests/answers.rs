use responder::Responder;

#[test]
fn answers() {
    assert!(Responder::start().is_ok());
}
