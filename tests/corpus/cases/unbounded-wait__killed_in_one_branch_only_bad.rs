#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn broken() -> bool { false }
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap(); if broken() { c.kill().unwrap(); } c.wait().unwrap(); }
