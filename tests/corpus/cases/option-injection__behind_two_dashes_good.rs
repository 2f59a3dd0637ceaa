use std::process::Command;
#[test]
fn lists() {
    let folder = std::env::var("FOLDER").unwrap();
    Command::new("ls").args(["-l", "--"]).arg(folder).status().unwrap();
}
