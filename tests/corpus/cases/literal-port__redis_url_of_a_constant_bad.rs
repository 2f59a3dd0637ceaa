const URL: &str = "redis://127.0.0.1:6379/";

fn client() -> redis::Client {
    redis::Client::open(URL).unwrap()
}

#[test]
fn stores() {
    let mut connection = client().get_connection_with_timeout(std::time::Duration::from_secs(2)).unwrap();
    let _: () = redis::cmd("SET").arg("key").arg(1).query(&mut connection).unwrap();
}
