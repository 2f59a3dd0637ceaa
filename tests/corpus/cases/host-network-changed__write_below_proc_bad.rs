#[test]
fn forwards() { std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").unwrap(); }
