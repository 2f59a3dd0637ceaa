//! The module that ends the child is in another file, and sees the private field.

mod ending;

use std::process::{Child, Command};

pub struct Server {
    child: Child,
}

pub fn start() -> Server {
    Server { child: Command::new("server").spawn().unwrap() }
}
