use serve::{Config, Server};
#[test]
fn starts() {
    let config = Config { address: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    drop(Server::new(config).start());
}
