#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn stop(child: &mut Child) { end(child, 3); } fn end(child: &mut Child, rounds: u8) { if rounds > 0 { end(child, rounds - 1); } child.kill().ok(); child.wait().ok(); }
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap(); stop(&mut c); }
