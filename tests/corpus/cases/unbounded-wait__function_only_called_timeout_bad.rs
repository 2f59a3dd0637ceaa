#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
async fn timeout_free<F: std::future::Future>(work: F) -> F::Output { work.await }
#[tokio::test] async fn t() { let mut c = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap(); timeout_free(c.wait()).await.unwrap(); }
