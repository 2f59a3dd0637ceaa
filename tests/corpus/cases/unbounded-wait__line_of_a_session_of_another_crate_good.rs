use netns_fixtures::prelude::*;

fn subject(host: &Namespace) -> TestResult {
    let mut subject = host.command("subject").spawn()?;
    assert_eq!(subject.read_line()?.as_deref(), Some("ready"));
    Ok(())
}

#[test]
fn of_a_terminal() {
    let mut session = rexpect::spawn("server", Some(2_000)).unwrap();
    session.read_line().unwrap();
}
