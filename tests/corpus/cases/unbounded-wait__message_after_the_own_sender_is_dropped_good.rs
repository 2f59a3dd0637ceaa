use std::sync::mpsc;
#[test]
fn ready() {
    let (sender, receiver) = mpsc::channel();
    for number in 0..3 {
        let own = sender.clone();
        std::thread::spawn(move || own.send(number.to_string().parse::<u8>().unwrap()).unwrap());
    }
    drop(sender);
    while let Ok(number) = receiver.recv() {
        assert!(number < 3);
    }
}
