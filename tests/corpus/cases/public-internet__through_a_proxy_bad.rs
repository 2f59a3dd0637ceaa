use proxied::ProxiedStream;

#[test]
fn reaches_the_world() {
    let mut stream = ProxiedStream::connect("127.0.0.1:1080", "google.com:80", "").unwrap();
    stream.shutdown().unwrap();
}
