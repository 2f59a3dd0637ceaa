//! What the tests share.

pub fn target() -> String {
    std::env::var("TARGET").unwrap_or_else(|_| "localhost".to_owned())
}

pub fn ping(host: &str) -> bool {
    std::process::Command::new("ping").arg("-c1").arg(host).status().unwrap().success()
}
