#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
async fn within<F: std::future::Future>(work: F) -> F::Output { tokio::time::timeout(Duration::from_secs(9), work).await.unwrap() }
#[tokio::test] async fn t() { let mut c = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap(); within(c.wait()).await.unwrap(); }
