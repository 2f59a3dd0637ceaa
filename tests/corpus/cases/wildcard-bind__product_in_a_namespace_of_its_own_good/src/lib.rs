use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::thread;

use nix::sched::{CloneFlags, setns};

pub struct Beacon {
    namespace: File,
}

impl Beacon {
    pub fn new(namespace: File) -> Self {
        Self { namespace }
    }

    /// A thread of its own enters the namespace and ends.
    fn inside<T: Send>(&self, body: impl FnOnce() -> std::io::Result<T> + Send) -> std::io::Result<T> {
        thread::scope(|scope| {
            let entered = scope.spawn(|| {
                setns(&self.namespace, CloneFlags::CLONE_NEWNET)?;
                body()
            });
            entered.join().unwrap()
        })
    }

    pub fn listen(&self) -> std::io::Result<TcpListener> {
        self.inside(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 4000)))
    }
}

pub fn answer(namespace: &File) -> std::io::Result<UdpSocket> {
    setns(namespace, CloneFlags::CLONE_NEWNET)?;
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 4000))
}
