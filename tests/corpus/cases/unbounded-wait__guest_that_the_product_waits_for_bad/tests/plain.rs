use door::{Door, knock};

#[test]
fn opens() {
    let door = Door::open().unwrap();
    let address = door.address();
    std::thread::spawn(move || knock(address));
    assert!(door.next_guest().unwrap().ip().is_loopback());
}
