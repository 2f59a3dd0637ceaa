use std::net::TcpListener;

#[test]
fn serves() {
    use product::{Open, serve};

    struct Fake;

    impl Open for Fake {
        fn open(&self) -> TcpListener {
            TcpListener::bind("127.0.0.1:0").unwrap()
        }
    }

    serve(&Fake);
}
