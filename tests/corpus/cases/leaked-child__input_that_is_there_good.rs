#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let mut c = Command::new("server").stdin(Stdio::piped()).spawn().unwrap();
    let input = c.stdin.take().unwrap(); drop(input); c.kill().unwrap(); c.wait().unwrap(); }
