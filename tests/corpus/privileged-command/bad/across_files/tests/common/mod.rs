//! What the tests share.

pub fn run(program: &str, arguments: &[&str]) -> bool {
    std::process::Command::new(program).args(arguments).status().unwrap().success()
}

pub const HELPER: &str = "sudo";
