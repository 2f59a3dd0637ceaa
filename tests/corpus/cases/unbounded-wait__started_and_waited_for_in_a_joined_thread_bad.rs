use std::process::Command;
#[test]
fn many() {
    let handles: Vec<_> = (0..4).map(|_| std::thread::spawn(|| {
        let mut server = Command::new("server").spawn().unwrap();
        server.wait().unwrap()
    })).collect();
    for handle in handles {
        assert!(handle.join().unwrap().success());
    }
}
