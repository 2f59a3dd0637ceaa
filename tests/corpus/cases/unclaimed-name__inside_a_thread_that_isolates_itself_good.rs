#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn isolate() { nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap(); }
#[test] fn t() { thread::spawn(|| { isolate(); Command::new("ip").args(["link","add","br-test","type","bridge"]).status().unwrap(); }).join().unwrap(); }
