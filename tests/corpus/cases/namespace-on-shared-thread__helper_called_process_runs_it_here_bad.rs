#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
fn in_child_process<T>(work: impl FnOnce() -> T) -> T { work() }
#[test] fn t() { in_child_process(|| nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap()); }
