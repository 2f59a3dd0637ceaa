use product::{Interface, listen};

#[test]
fn serves() {
    listen(Interface::Loopback, 0).unwrap();
}
