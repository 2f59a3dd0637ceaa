use std::{net::TcpListener, thread};

use nix::sched;

struct Server;

struct Client;

impl Server {
    fn start(&self) {
        let listener = TcpListener::bind("0.0.0.0:8080").unwrap();
        listener.accept().unwrap();
    }
}

impl Client {
    fn start(&self) {
        println!("starts");
    }
}

#[test]
fn serves() {
    let server = thread::spawn(|| {
        Server.start();
        sched::unshare(sched::CloneFlags::CLONE_NEWNET).unwrap();
        Client.start();
    });
    server.join().unwrap();
}
