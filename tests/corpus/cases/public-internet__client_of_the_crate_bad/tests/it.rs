use product::Whois;

#[test]
fn asks() {
    let answer = Whois::new("whois.iana.org").query("example.com").unwrap();
    assert!(answer.contains("IANA"));
}
