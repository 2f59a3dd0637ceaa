#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[tokio::test] async fn t() { tokio::task::spawn_blocking(|| nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap()).await.unwrap(); }
