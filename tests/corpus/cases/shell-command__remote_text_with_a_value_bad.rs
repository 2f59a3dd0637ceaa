use std::process::Command;
#[test]
fn removes() {
    let folder = std::env::var("FOLDER").unwrap();
    Command::new("ssh").arg("host.test").arg(format!("ls {folder}")).status().unwrap();
}
