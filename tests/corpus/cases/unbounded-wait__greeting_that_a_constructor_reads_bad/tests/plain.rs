use session::Session;

#[test]
fn opens() {
    let address = std::env::var("SERVER_UNDER_TEST").unwrap().parse().unwrap();
    let mut session = Session::open(address).unwrap();
    session.say("hello\n").unwrap();
}
