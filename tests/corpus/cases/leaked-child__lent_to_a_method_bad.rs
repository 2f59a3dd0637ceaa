#![allow(unused_imports)]
use std::{env,fs,net::{TcpListener,TcpStream},process::{Child,Command,Stdio},thread,time::{Duration,Instant}};
struct Probe; impl Probe { fn look(&self, child: &mut Child) -> u32 { child.id() } }
#[test] fn t() { let mut c = Command::new("server").spawn().unwrap();
    assert_ne!(Probe.look(&mut c), 0); }
