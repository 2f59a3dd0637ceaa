// The command runs in a namespace that it enters or makes.
use std::process::Command;

#[test]
fn inside() {
    Command::new("nsenter").args(["--net=/run/netns/lab", "ip", "addr", "add", "10.0.3.1/24", "dev", "inner"]).status().unwrap();
    Command::new("unshare").args(["-rn", "ip", "addr", "add", "10.0.3.1/24", "dev", "lo"]).status().unwrap();
    Command::new("sh").args(["-c", "ip netns exec lab ip addr add 10.0.3.1/24 dev inner && true"]).status().unwrap();
}
