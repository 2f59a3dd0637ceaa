#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn answers() { assert!(TcpStream::connect("localhost:0").is_ok()); }
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap();
    answers(); c.kill().unwrap(); c.wait().unwrap(); }
