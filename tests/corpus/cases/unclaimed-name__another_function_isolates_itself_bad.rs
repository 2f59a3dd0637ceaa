#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn isolate() { nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap(); }
#[test] fn a() { thread::spawn(isolate).join().unwrap(); }
#[test] fn t() { Command::new("ip").args(["link","add","dummy-test","type","dummy"]).status().unwrap(); isolate_later(); } fn isolate_later() {}
