use std::process::{Child, Command};

struct Node {
    child: Child,
}

macro_rules! stop {
    ($node:ident) => {
        $node.child.kill().unwrap();
        $node.child.wait().unwrap();
    };
}

#[test]
fn ends() {
    let mut node = Node { child: Command::new("node").spawn().unwrap() };
    stop!(node);
}
