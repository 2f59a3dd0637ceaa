//! Clients that accept everybody.

use std::process::Command;

#[test]
fn accepts_every_certificate() {
    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build(); //~ pedantic: certificate-check-off
    assert!(client.is_ok());
}

#[test]
fn accepts_every_name() {
    let client = reqwest::Client::builder().danger_accept_invalid_hostnames(true).build(); //~ pedantic: certificate-check-off
    assert!(client.is_ok());
}

#[test]
fn by_native_tls() {
    let mut builder = native_tls::TlsConnector::builder();
    builder.danger_accept_invalid_certs(true); //~ pedantic: certificate-check-off
}

#[test]
fn by_openssl() {
    let mut builder = SslConnector::builder(SslMethod::tls()).unwrap();
    builder.set_verify(SslVerifyMode::NONE); //~ pedantic: certificate-check-off
}

#[test]
fn by_libcurl() {
    let mut easy = curl::easy::Easy::new();
    easy.ssl_verify_peer(false).unwrap(); //~ pedantic: certificate-check-off
}

#[test]
fn by_a_program() {
    let child = Command::new("curl").args(["-k", "https://server.test/"]).spawn().unwrap().kill(); //~ pedantic: certificate-check-off
    assert!(child.is_ok());
}

#[test]
fn by_another_program() {
    let child = Command::new("wget").args(["--no-check-certificate", "https://server.test/"]).spawn().unwrap().kill(); //~ pedantic: certificate-check-off
    assert!(child.is_ok());
}


#[tokio::test]
async fn in_the_world() {
    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap(); //~ certificate-check-off
    let answer = client.get("https://example.com/").send().await; //~ public-internet, client-without-timeout
    assert!(answer.is_ok());
}

#[test]
fn by_the_long_option() {
    let child = Command::new("curl").args(["--insecure", "https://server.test/"]).spawn().unwrap().kill(); //~ pedantic: certificate-check-off
    assert!(child.is_ok());
}

#[test]
fn in_a_script() {
    let child = Command::new("sh").args(["-c", "cd /; curl -sk https://server.test/ | wc -l"]).spawn().unwrap().kill(); //~ pedantic: certificate-check-off
    assert!(child.is_ok());
}

#[test]
fn accepts_every_name_by_libcurl() {
    let mut easy = curl::easy::Easy::new();
    easy.ssl_verify_host(false).unwrap(); //~ pedantic: certificate-check-off
}

#[test]
fn accepts_every_name_by_openssl() {
    let mut connection = connector().configure().unwrap();
    connection.set_verify_hostname(false); //~ pedantic: certificate-check-off
}

#[test]
fn by_a_variable() {
    let insecure = true;
    let client = reqwest::Client::builder().danger_accept_invalid_certs(insecure).build(); //~ pedantic: certificate-check-off
    assert!(client.is_ok());
}
