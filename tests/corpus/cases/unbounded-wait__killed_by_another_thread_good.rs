#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap(); let pid = c.id() as i32;
    thread::spawn(move || { thread::sleep(Duration::from_secs(5)); unsafe { libc::kill(pid, libc::SIGKILL) }; });
    c.wait().unwrap(); }
