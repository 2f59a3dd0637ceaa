use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::process::Command;
#[test]
fn forwards() {
    std::thread::spawn(|| {
        let lab = File::open(std::env::var("NETNS").unwrap()).unwrap();
        setns(&lab, CloneFlags::CLONE_NEWNET).unwrap();
        Command::new("sysctl").args(["-w", "net.ipv4.ip_forward=1"]).status().unwrap();
    }).join().unwrap();
}
