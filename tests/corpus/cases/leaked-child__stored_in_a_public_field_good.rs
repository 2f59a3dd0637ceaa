use std::process::{Child, Command};

pub struct Node {
    pub child: Child,
}

pub fn start() -> Node {
    Node { child: Command::new("node").spawn().unwrap() }
}

#[test]
fn starts() {
    other::stop(start());
}
