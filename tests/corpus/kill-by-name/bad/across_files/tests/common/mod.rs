//! What the tests share.

pub fn run(program: &str, arguments: &[&str]) {
    std::process::Command::new(program).args(arguments).status().unwrap();
}
