use client::Client;

fn open() -> Client {
    Client(std::env::var("SERVER").unwrap().parse().unwrap())
}

#[test]
fn opens() {
    let client = open();
    drop(client.open());
}
