use std::process::Command;

#[test]
fn writes_the_script_of_a_guest() {
    let script = "cat > up.sh <<END\nip link set eth0 up; ip addr flush dev eth0\nEND";
    assert!(Command::new("bash").arg("-c").arg(script).status().unwrap().success());
}
