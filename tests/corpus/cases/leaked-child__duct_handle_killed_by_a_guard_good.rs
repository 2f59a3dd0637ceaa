struct Server(duct::Handle);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
    }
}

#[test]
fn runs() {
    let server = Server(duct::cmd!("server", "--port", "0").start().unwrap());
    assert!(ready(&server));
}
