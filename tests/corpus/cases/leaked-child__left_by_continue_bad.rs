#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { for port in 1..4 { let mut c = Command::new("server").arg(port.to_string()).spawn().unwrap();
        if port == 2 { continue; }
        c.kill().unwrap(); c.wait().unwrap(); } }
