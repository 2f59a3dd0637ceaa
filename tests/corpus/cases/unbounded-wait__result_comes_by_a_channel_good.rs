#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let c = Command::new("server").spawn().unwrap(); let pid = c.id() as i32; let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(c.wait_with_output()));
    let end = receiver.recv_timeout(Duration::from_secs(5)); unsafe { libc::kill(pid, libc::SIGKILL) }; end.unwrap().unwrap(); }
