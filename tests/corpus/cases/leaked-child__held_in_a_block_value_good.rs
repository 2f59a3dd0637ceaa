#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let mut c = { let mut command = Command::new("server"); command.arg("-d"); command.spawn().unwrap() };
    let stopped = if cfg!(unix) { c.kill() } else { c.kill() }; c.wait().unwrap(); stopped.unwrap(); }
