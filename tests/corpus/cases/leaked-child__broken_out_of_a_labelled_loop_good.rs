#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let mut c = 'outer: loop { for _ in 0..3 { match Command::new("server").spawn() { Ok(c) => break 'outer c, Err(_) => continue } } };
    let ended = c.kill().and_then(|()| c.wait()); ended.unwrap(); }
