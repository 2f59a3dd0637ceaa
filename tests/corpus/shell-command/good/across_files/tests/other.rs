//! Nothing of the other file is called here.

fn run(program: &str, arguments: &[&str]) -> bool {
    std::process::Command::new(program).args(arguments).status().unwrap().success()
}

#[test]
fn by_a_list() {
    assert!(run("ip", &["link", "del", &device()])); //~ host-network-changed
}
