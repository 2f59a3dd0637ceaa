#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap();
    (0..3).for_each(|_| { TcpStream::connect("localhost:0").unwrap(); });
    c.kill().unwrap(); c.wait().unwrap(); }
