//! What the tests share.

use std::process::{Child, Command};

pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn start() -> Server {
    Server(Command::new("server").spawn().unwrap())
}
