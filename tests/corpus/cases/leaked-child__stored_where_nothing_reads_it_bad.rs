use std::process::{Child, Command};

struct Node {
    _child: Option<Child>,
    port: u16,
}

impl Node {
    fn start(port: u16) -> Self {
        let child = Command::new("node").arg(port.to_string()).spawn().unwrap();
        Self { _child: Some(child), port }
    }
}

#[test]
fn has_a_port() {
    assert_ne!(Node::start(4000).port, 0);
}
