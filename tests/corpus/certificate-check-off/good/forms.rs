//! Clients that check.

use std::process::Command;

#[test]
fn trusts_its_own() {
    let client = reqwest::Client::builder().add_root_certificate(certificate()).build();
    assert!(client.is_ok());
}

#[test]
fn says_that_it_checks() {
    let client = reqwest::Client::builder().danger_accept_invalid_certs(false).build();
    assert!(client.is_ok());
}

#[test]
fn checks_by_openssl() {
    let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
    builder.set_verify(SslVerifyMode::PEER);
}

#[test]
fn checks_by_libcurl() {
    let mut easy = curl::easy::Easy::new();
    easy.ssl_verify_peer(true).unwrap();
}

#[test]
fn another_program_with_that_option() {
    assert!(Command::new("/bin/ls").arg("-k").spawn().unwrap().wait().is_ok());
}

#[test]
fn a_program_that_checks() {
    assert!(Command::new("curl").args(["--cacert", "ca.pem", "https://server.test/"]).spawn().unwrap().kill().is_ok());
}

#[test]
fn reads_a_setting() {
    assert!(!settings().danger_accept_invalid_certs);
}

#[test]
fn says_it_in_a_text() {
    assert_eq!(help(), "--insecure: accept every certificate");
}

#[test]
fn checks_the_name() {
    let client = reqwest::Client::builder().danger_accept_invalid_hostnames(false).build();
    assert!(client.is_ok());
}

#[test]
fn checks_the_name_by_openssl() {
    let mut connection = connector().configure().unwrap();
    connection.set_verify_hostname(true);
}

#[test]
fn prints_the_option() {
    let child = Command::new("sh").args(["-c", "echo 'not: curl --insecure https://server.test/'"]).spawn().unwrap().kill();
    assert!(child.is_ok());
}

#[test]
fn another_method_of_that_name() {
    let mut signature = Signature::default();
    signature.set_verify(Mode::Strict);
}

struct Options {
    verify_hostname: bool,
}

impl Options {
    fn verify_hostname(&mut self, on: bool) {
        self.verify_hostname = on;
    }
}

#[test]
fn an_own_method_of_that_name() {
    let mut options = Options { verify_hostname: true };
    options.verify_hostname(false);
    assert!(!options.verify_hostname);
}
