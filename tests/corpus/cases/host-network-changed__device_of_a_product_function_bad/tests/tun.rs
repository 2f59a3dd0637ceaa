#[test]
fn opens_a_device() {
    let tun = client::Tun::new();
    assert!(tun.fd() > 0);
}
