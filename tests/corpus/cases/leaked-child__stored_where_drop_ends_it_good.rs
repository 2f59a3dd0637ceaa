use std::process::{Child, Command};

struct Node {
    child: Child,
    port: u16,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn has_a_port() {
    let node = Node { child: Command::new("node").spawn().unwrap(), port: 4000 };
    assert_ne!(node.port, 0);
}
