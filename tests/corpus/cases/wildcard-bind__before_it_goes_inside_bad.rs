// The listener is bound on the machine; only then does the thread go inside.
use std::net::TcpListener;

#[test]
#[ignore = "needs root"]
fn serves_everybody() {
    std::thread::spawn(|| {
        let listener = TcpListener::bind("0.0.0.0:8080").unwrap();
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
        drop(listener);
    })
    .join()
    .unwrap();
}
