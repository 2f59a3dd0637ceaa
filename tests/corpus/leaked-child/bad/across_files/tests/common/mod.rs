//! What the tests share.

pub fn start(name: &str) {
    std::process::Command::new(name).arg("--daemon").spawn().unwrap(); //~ leaked-child
}
