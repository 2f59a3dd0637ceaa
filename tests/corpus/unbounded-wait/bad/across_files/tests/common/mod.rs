//! What the tests share.

use std::process::{Child, Command};

pub fn server() -> Child {
    Command::new("server").spawn().unwrap()
}

pub fn finish(mut child: Child) {
    child.wait().unwrap(); //~ unbounded-wait
}
