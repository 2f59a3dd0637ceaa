#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { Command::new("sh").args(["-c", "pgrep -x relay && kill -s 0 4711"]).status().unwrap(); }
