// The thread of the test has a network of its own from its first step.
use std::net::UdpSocket;

struct Lab;

impl Lab {
    fn enter() -> Self {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER | nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        Self
    }
}

#[test]
fn binds() {
    std::thread::spawn(|| {
        let _lab = Lab::enter();
        UdpSocket::bind("127.0.0.1:5353").unwrap();
    })
    .join()
    .unwrap();
}
