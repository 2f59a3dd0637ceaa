#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap();
    let output = c.stdout.take().expect("a pipe"); drop(output); c.kill().unwrap(); c.wait().unwrap(); }
