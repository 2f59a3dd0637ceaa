use product::plain::{Inner, Server};

#[test]
fn serves() {
    let server = Server(Inner);
    server.serve();
}
