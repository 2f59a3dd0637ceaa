use std::process::{Child, Command};

#[derive(Default)]
struct Rig {
    daemon: Option<Child>,
}

impl Rig {
    fn restart(&mut self) {
        self.daemon = Some(Command::new("daemon").spawn().unwrap());
    }
}

#[test]
fn restarts() {
    let mut rig = Rig::default();
    rig.restart();
    rig.restart();
    assert!(rig.daemon.is_some());
}
