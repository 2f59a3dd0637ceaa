use std::thread;

use lamps::{Lamp, Port};

#[test]
fn answers() {
    let lamp = Lamp::open().unwrap();
    let address = lamp.address();
    let port = Port::open().unwrap();
    let own = port.address().unwrap();
    port.set_limit(std::time::Duration::from_secs(2)).unwrap();
    thread::spawn(move || lamp.serve_one(own));
    port.send(b"on", address).unwrap();
    assert_eq!(port.receive().unwrap(), b"on");
}
