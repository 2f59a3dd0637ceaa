use std::net::TcpListener;

trait Service {
    const PORT: u16;

    fn serve() -> TcpListener {
        TcpListener::bind(("127.0.0.1", Self::PORT)).unwrap()
    }
}

struct Web;

impl Service for Web {
    const PORT: u16 = 8080;
}

#[test]
fn serves() {
    drop(Web::serve());
}
