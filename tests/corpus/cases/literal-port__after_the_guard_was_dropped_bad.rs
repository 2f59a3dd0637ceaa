use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::net::TcpListener;
struct Inside(File);
impl Inside {
    fn enter(lab: &File) -> Self {
        let host = File::open("/proc/thread-self/ns/net").unwrap();
        setns(lab, CloneFlags::CLONE_NEWNET).unwrap();
        Self(host)
    }
}
impl Drop for Inside {
    fn drop(&mut self) { setns(&self.0, CloneFlags::CLONE_NEWNET).unwrap(); }
}
#[test]
fn listens() {
    let lab = File::open(std::env::var("NETNS").unwrap()).unwrap();
    let inside = Inside::enter(&lab);
    drop(inside);
    TcpListener::bind("127.0.0.1:8080").unwrap();
}
