use std::process::Command;

#[test]
fn ends_the_server_of_the_container() {
    let status = Command::new("sh").args(["-c", "docker exec box sh -c 'sync; pkill server'"]).status().unwrap();
    assert!(status.success());
}
