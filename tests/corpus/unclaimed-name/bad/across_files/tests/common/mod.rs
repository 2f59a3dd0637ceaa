//! What the tests share.

pub fn random_device(prefix: &str) -> String {
    format!("{prefix}{:04x}", rand::random::<u16>())
}

pub fn add(name: &str) {
    std::process::Command::new("ip").args(["link", "add", name, "type", "dummy"]).status().unwrap(); //~ host-network-changed
}
