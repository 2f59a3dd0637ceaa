use std::process::{Child, Command};
struct Server(Child);
impl Drop for Server {
    fn drop(&mut self) { let _ = self.0.kill(); let _ = self.0.wait(); }
}
#[test]
fn answers() {
    let _server = Server(Command::new("server").spawn().unwrap());
    assert!(std::net::TcpStream::connect(std::env::var("ADDRESS").unwrap()).is_ok());
}
