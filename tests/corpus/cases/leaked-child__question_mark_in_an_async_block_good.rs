#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
#[tokio::test] async fn t() { let mut c = tokio::process::Command::new("server").spawn().unwrap();
    let asked: Result<u8, std::io::Error> = async { fs::read("a")?; Ok(1) }.await;
    c.kill().await.unwrap(); asked.unwrap(); }
