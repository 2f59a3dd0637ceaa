use std::process::{Child, Command};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serves() {
    let _server = Server(Command::new(env!("CARGO_BIN_EXE_server")).spawn().unwrap());
    let address = std::fs::read_to_string("address").unwrap();
    assert!(!address.is_empty());
}
