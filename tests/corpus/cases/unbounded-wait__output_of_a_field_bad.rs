#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
use std::io::Read; struct Server { child: Child }
impl Server { fn log(&mut self) -> String { let mut text = String::new(); self.child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap(); text } }
#[test] fn t() { let child = Command::new("server").stderr(Stdio::piped()).spawn().unwrap(); let mut server = Server { child }; assert!(server.log().is_empty()); }
