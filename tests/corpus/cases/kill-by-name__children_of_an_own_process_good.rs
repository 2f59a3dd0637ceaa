use std::process::Command;

#[test]
fn ends_workers() {
    let mut server = Command::new("server").spawn().unwrap();
    let parent = server.id().to_string();
    Command::new("pkill").args(["-TERM", "-P", &parent, "worker"]).status().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
}
