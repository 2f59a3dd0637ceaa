//! In a guest, in a container, and texts that no machine runs.

use std::process::Command;

#[test]
fn without() {
    Command::new("ip").args(["link", "show"]).status().unwrap();
    Command::new("unshare").args(["-rn", "true"]).status().unwrap();
}

#[test]
fn in_a_guest() {
    Command::new("ssh").args(["guest", "sudo", "reboot"]).status().unwrap();
    Command::new("ssh").arg("guest").arg("sudo reboot").status().unwrap();
}

#[test]
fn in_a_container() {
    Command::new("docker").args(["exec", &container(), "sudo", "true"]).status().unwrap();
    Command::new("podman").args(["exec", &container(), "su", "-c", "true"]).status().unwrap(); //~ pedantic: shell-command
}

#[test]
fn in_a_container_that_a_library_makes() {
    image().with_cmd(["sh", "-c", "sudo true"]);
}

#[test]
fn in_a_guest_behind_a_timeout() {
    Command::new("timeout").args(["10", "ssh", "guest", "sudo", "true"]).status().unwrap();
}

#[test]
fn over_a_session() {
    guest().run("sudo reboot");
}

#[test]
fn as_an_operand() {
    Command::new("which").arg("sudo").status().unwrap();
    Command::new("echo").arg("sudo true").status().unwrap();
    Command::new("apt-get").args(["install", "sudo"]).status().unwrap(); //~ unbounded-wait
}

#[test]
fn as_part_of_a_name() {
    Command::new("cat").arg("/etc/sudoers").status().unwrap();
    Command::new("sh").args(["-c", "echo pseudo; sum x"]).status().unwrap(); //~ pedantic: shell-command
}

#[test]
fn as_a_text_that_is_compared() {
    assert_eq!(wrapper(), "sudo");
}

#[test]
fn as_a_text_that_is_printed() {
    println!("sudo ip netns del {}", namespace());
}

#[test]
fn as_a_list_of_words() {
    let words = ["sudo", "su", "doas"];
    assert!(words.contains(&wrapper().as_str()));
}

#[test]
fn as_an_expected_error() {
    let message = format!("sudo: {}: command not found", program());
    assert!(report().contains(&message));
}

#[test]
fn as_a_variable_of_the_child() {
    Command::new("true").env("PAGER", "sudo").status().unwrap();
}
