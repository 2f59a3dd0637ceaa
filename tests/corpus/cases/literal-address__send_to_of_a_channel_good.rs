// A switchboard of the test has methods like a socket's.
use std::net::SocketAddr;
use std::sync::mpsc::Sender;

struct Switchboard {
    frames: Sender<(Vec<u8>, SocketAddr)>,
}

impl Switchboard {
    fn connect(&self, address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    fn send_to(&self, frame: &[u8], address: SocketAddr) {
        self.frames.send((frame.to_vec(), address)).unwrap();
    }
}

#[test]
fn frames_are_kept() {
    let (frames, kept) = std::sync::mpsc::channel();
    let board = Switchboard { frames };
    let address = board.connect("10.1.2.3:80");
    board.send_to(b"x", address);
    assert_eq!(kept.recv().unwrap().1, address);
}
