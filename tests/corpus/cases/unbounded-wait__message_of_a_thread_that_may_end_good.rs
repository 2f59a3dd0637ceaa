use std::sync::mpsc;
#[test]
fn ready() {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let text = std::fs::read_to_string("Cargo.toml").unwrap();
        sender.send(text).unwrap();
    });
    assert!(!receiver.recv().unwrap().is_empty());
    thread.join().unwrap();
}
