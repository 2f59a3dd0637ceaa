#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn alone<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T { thread::spawn(work).join().unwrap() }
#[test] fn t() { alone(|| nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap()); }
