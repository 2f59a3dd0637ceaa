use std::process::Command;

#[test]
fn in_what_the_environment_lists() {
    let device = std::env::var("DEVICE").unwrap();
    let known: Vec<String> = std::env::var("DEVICES").unwrap().split(',').map(String::from).collect();
    assert!(known.contains(&device));
    Command::new("ip").args(["link", "show"]).arg(&device).status().unwrap();
}
