use product::{Parser, Server};
use std::sync::mpsc;

// The parser sends before it returns; the server knows nothing of the channel.
#[test]
fn parses() {
    let (tx, rx) = mpsc::channel();
    let mut parser = Parser::new(tx);
    parser.feed("x");
    let _server = Server::start();
    assert_eq!(rx.recv().unwrap(), "x");
}
