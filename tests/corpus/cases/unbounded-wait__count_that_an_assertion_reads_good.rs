#[test]
fn listens() {
    let mut tries = 0;
    loop {
        match std::net::TcpStream::connect(address()) {
            Ok(_) => {
                println!("connected after {tries}");
                return;
            }
            Err(_) => {}
        }
        std::thread::sleep(pause());
        tries += 1;
        assert!(tries < 50, "nobody listens after {tries}");
    }
}
