#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn skip() -> bool { true }
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap();
    if skip() { c.kill().unwrap(); c.wait().unwrap(); return; }
    c.kill().unwrap(); c.wait().unwrap(); }
