#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn greet(child: Child) { println!("{}", child.id()); }
#[test] fn t() { let c = Command::new("server").spawn().unwrap(); greet(c); }
