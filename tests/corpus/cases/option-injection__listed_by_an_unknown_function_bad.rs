use std::process::Command;

#[test]
fn in_what_is_there() {
    let device = std::env::var("DEVICE").unwrap();
    let known = devices();
    assert!(known.contains(&device));
    Command::new("ip").args(["link", "show"]).arg(&device).status().unwrap();
}
