use std::process::{Child, Command};

struct Node {
    child: Child,
    port: u16,
}

fn stop(Node { mut child, .. }: Node) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn has_a_port() {
    let node = Node { child: Command::new("node").spawn().unwrap(), port: 4000 };
    stop(node);
}
