#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[test] fn t() { let child = Command::new("true").spawn().unwrap(); let pid = child.id(); child.wait_with_output().unwrap();
    Command::new("sh").arg("-c").arg(format!("ps aux; kill -9 {pid}")).status().unwrap(); }
