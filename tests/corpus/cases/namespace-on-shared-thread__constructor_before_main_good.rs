#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[ctor::ctor] fn isolate() { nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap(); }
#[test] fn t() { assert!(TcpListener::bind("127.0.0.1:0").is_ok()); }
