use product::{Config, Server};

#[test]
fn runs() {
    let server = Server::new(Config::default());
    server.run();
}
