use rustls_pki_types::ServerName;

#[test]
fn parses() {
    let name = ServerName::try_from("google.com").unwrap();
    assert_eq!(name.to_str(), "google.com");
}
