use std::process::Command;
#[test]
fn removes() {
    let argv = ["sudo", "-n", "ip", "netns", "list"];
    Command::new(argv[0]).args(&argv[1..]).status().unwrap();
}
