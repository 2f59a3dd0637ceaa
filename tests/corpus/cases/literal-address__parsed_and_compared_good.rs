use std::net::IpAddr;
#[test]
fn parses() {
    let address: IpAddr = "10.0.0.1".parse().unwrap();
    assert!(address.is_ipv4());
}
