#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[tokio::test] async fn t() { let mut c = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap();
    tokio::select! { end = c.wait() => { end.unwrap(); } () = tokio::time::sleep(Duration::from_secs(9)) => panic!("late") } }
