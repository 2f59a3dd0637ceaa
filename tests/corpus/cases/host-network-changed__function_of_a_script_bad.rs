use std::process::Command;

#[test]
fn makes_a_bridge() {
    let script = "up() { ip link add br7 type bridge; }\nup";
    assert!(Command::new("bash").arg("-c").arg(script).status().unwrap().success());
}
