#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let mut c = Command::new("server").stderr(Stdio::piped()).spawn().unwrap();
    let _errors = c.stderr.as_mut().unwrap(); c.kill().unwrap(); c.wait().unwrap(); }
