use std::process::Command;

#[test]
fn ends_servers() {
    let found = Command::new("pidof").arg("server").output().unwrap();
    let text = String::from_utf8(found.stdout).unwrap();
    for word in text.split_whitespace() {
        let pid: i32 = word.parse().unwrap();
        unsafe { libc::kill(pid, libc::SIGTERM) };
    }
}
