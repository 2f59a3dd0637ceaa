#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
use std::io::{BufRead, BufReader};
#[test] fn t() { let mut c = Command::new("server").stdout(Stdio::piped()).spawn().unwrap(); let out = c.stdout.take().unwrap();
    let reader = thread::spawn(move || BufReader::new(out).lines().count());
    let lines = reader.join(); c.kill().unwrap(); c.wait().unwrap(); assert!(lines.unwrap() > 0); }
