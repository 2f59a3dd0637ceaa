#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn start() -> Child { Command::new("server").spawn().unwrap() }
#[test] fn t() { let mut c = start(); assert!(TcpStream::connect("localhost:0").is_ok()); c.kill().unwrap(); c.wait().unwrap(); }
