use std::process::Command;

#[test]
fn adds_a_route() {
    let own = ["run", "--rm", "--cap-add=NET_ADMIN", "tools", "ip", "route", "add", "192.0.2.0/24", "dev", "lo"];
    Command::new("docker").args(own).output().unwrap();
    let unable = ["run", "--rm", "--net=host", "tools", "ip", "route", "add", "192.0.2.0/24", "dev", "lo"];
    Command::new("docker").args(unable).output().unwrap();
    let reads = ["run", "--rm", "--net=host", "--privileged", "tools", "ip", "route", "show"];
    Command::new("docker").args(reads).output().unwrap();
}
