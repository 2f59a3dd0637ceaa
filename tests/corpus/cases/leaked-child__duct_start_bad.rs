#[test]
fn runs() {
    let handle = duct::cmd!("server", "--port", "0").start().unwrap();
    assert!(ready());
    handle.kill().unwrap();
}
