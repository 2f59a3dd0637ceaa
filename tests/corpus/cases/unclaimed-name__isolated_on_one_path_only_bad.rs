#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn root() -> bool { true }
#[test] fn t() { thread::spawn(|| { if root() { nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap(); }
    Command::new("ip").args(["link","add","br-test","type","bridge"]).status().unwrap(); }).join().unwrap(); }
