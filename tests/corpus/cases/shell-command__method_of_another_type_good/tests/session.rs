use session::remote::Session;

#[test]
fn notes_what_it_is_told() {
    let mut session = Session::new();
    session.execute(&format!("link {}", std::env::var("LINK").unwrap()));
}
