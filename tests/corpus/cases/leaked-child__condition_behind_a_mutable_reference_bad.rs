use std::process::Command;

struct Entry {
    running: bool,
}

impl Entry {
    fn begin(&mut self) {
        self.running = true;
    }
}

#[test]
fn starts_each_once() {
    let mut all = [Entry { running: false }, Entry { running: false }];
    for entry in all.iter_mut() {
        if entry.running {
            continue;
        }
        let mut server = Command::new("server").spawn().unwrap();
        entry.begin();
        if entry.running {
            return;
        }
        let _ = server.kill();
        let _ = server.wait();
    }
}
