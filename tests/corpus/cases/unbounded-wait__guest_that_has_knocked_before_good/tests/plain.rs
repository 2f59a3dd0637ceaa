use door::{Door, knock};

#[test]
fn opens() {
    let door = Door::open().unwrap();
    knock(door.address()).unwrap();
    assert!(door.next_guest().unwrap().ip().is_loopback());
}
