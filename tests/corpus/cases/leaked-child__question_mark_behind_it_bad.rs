#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
type R = Result<(), std::io::Error>;
#[test] fn t() -> R { let mut c = Command::new("server").spawn()?;
    let ask = || -> R { fs::read("a")?; Ok(()) };
    ask()?; c.kill()?; c.wait()?; Ok(()) }
