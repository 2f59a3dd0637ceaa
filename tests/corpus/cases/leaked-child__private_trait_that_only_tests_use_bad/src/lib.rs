use std::process::{Child, Command};

pub fn answer() -> u32 {
    42
}

trait Rig {
    fn start() -> Self;
}

struct Daemon(u32);

impl Rig for Daemon {
    fn start() -> Self {
        let child: Child = Command::new("daemon").spawn().unwrap();
        Self(child.id())
    }
}

#[test]
fn runs() {
    assert_ne!(Daemon::start().0, answer());
}
