use std::process::Command;

#[test]
fn database() {
    let status = Command::new("docker").args(["run", "--rm", "-d", "--name", "product-test-db", "postgres"]).status().unwrap();
    assert!(status.success());
    Command::new("docker").args(["rm", "-f", "product-test-db"]).status().unwrap();
}
