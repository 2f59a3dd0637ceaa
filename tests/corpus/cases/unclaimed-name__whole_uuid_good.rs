use std::process::Command;
#[test]
fn adds() {
    let name = uuid::Uuid::new_v4().to_string();
    Command::new("ip").args(["netns", "add", &name]).status().unwrap();
}
