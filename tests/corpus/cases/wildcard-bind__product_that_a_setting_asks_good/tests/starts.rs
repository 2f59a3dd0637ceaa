use responder::Node;

#[test]
fn starts() {
    assert!(Node::start(false).is_ok());
}
