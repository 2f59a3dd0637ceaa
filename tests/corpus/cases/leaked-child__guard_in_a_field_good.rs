use std::process::Command;

struct Node {
    _child: Guard,
    port: u16,
}

struct Guard(std::process::Child);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn has_a_port() {
    let node = Node { _child: Guard(Command::new("node").spawn().unwrap()), port: 4000 };
    assert_ne!(node.port, 0);
}
