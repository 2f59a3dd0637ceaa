use std::process::{Child, Command};

#[derive(Default)]
struct Rig {
    daemon: Option<Child>,
}

impl Rig {
    fn start(&mut self) {
        self.daemon = Some(Command::new("daemon").spawn().unwrap());
    }

    fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill().unwrap();
            daemon.wait().unwrap();
        }
    }
}

#[test]
fn stops() {
    let mut rig = Rig::default();
    rig.start();
    rig.stop();
}
