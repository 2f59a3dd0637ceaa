#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn shut(child: &mut Child) { let _ = child.kill(); let _ = child.wait(); }
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap(); shut(&mut c); }
