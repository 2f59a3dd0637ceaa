#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[tokio::test] async fn t() { let mut c = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap();
    let end = async { c.wait().await.unwrap() };
    tokio::time::timeout(Duration::from_secs(9), end).await.unwrap(); }
