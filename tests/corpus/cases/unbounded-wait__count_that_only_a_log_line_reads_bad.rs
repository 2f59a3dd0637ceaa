#[test]
fn listens() {
    let mut tries = 0;
    loop {
        match std::net::TcpStream::connect(address()) {
            Ok(_) => {
                println!("connected after {tries} of many, {}", tries);
                return;
            }
            Err(_) => {}
        }
        std::thread::sleep(pause());
        tries += 1;
    }
}
