//! Children that end with the test whatever happens, or that are somebody else's.

use std::process::{Child, Command};

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Pair {
    left: Option<Child>,
    right: Child,
}

impl Pair {
    fn restart(&mut self) {
        self.left = Some(Command::new("server").spawn().unwrap());
    }
}

fn start() -> Child {
    Command::new("server").spawn().unwrap()
}

fn start_with_port() -> (Child, u16) {
    let child = Command::new("server").spawn().unwrap();
    (child, 0)
}

#[test]
fn in_a_guard() {
    let server = Server(Command::new("server").spawn().unwrap());
    client().connect().unwrap();
    drop(server);
}

#[test]
fn handed_to_a_guard() {
    let child = Command::new("server").spawn().unwrap();
    let _guard = Guard::new(child);
    assert!(lookup());
}

#[test]
fn handed_to_scopeguard() {
    let _server = scopeguard::guard(Command::new("server").spawn().unwrap(), |mut child| {
        let _ = child.kill();
    });
    assert!(lookup());
}

#[tokio::test]
async fn killed_when_dropped() {
    let _server = tokio::process::Command::new("server").kill_on_drop(true).spawn().unwrap();
    assert!(lookup().await);
}

#[test]
fn killed_with_nothing_between() {
    let mut server = Command::new("server").spawn().unwrap();
    lookup();
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn stored() {
    let mut all = Vec::new();
    all.push(Command::new("server").spawn().unwrap());
    let pair = Pair { left: None, right: Command::new("server").spawn().unwrap() };
    stop(all, pair);
}

#[test]
fn of_a_helper() {
    let server = Server(start());
    let (other, port) = start_with_port();
    let _other = Server(other);
    assert!(lookup_on(&server, port));
}

#[netns_test]
fn in_namespaces_of_its_own() {
    Command::new("server").spawn().unwrap();
    assert!(lookup());
}

#[test]
fn that_cannot_be_started() {
    assert!(Command::new("there-is-no-such-program").spawn().is_err());
    Command::new("there-is-no-such-program").spawn().unwrap_err();
}

#[test]
fn whose_result_a_macro_takes() {
    let server = check!(Command::new("server").spawn());
    stop(server);
}

#[test]
fn a_thread() {
    std::thread::spawn(lookup);
    tokio::spawn(async { lookup() });
}

#[test]
fn that_is_run_to_its_end() {
    Command::new("ip").arg("link").status().unwrap();
    Command::new("ip").arg("link").output().unwrap();
}

#[test]
fn of_a_tool_that_ends_at_once() {
    Command::new("true").spawn().unwrap(); //~ pedantic: leaked-child
}

fn stop(all: Vec<Child>, mut pair: Pair) {
    for mut child in all.into_iter().chain(pair.left.take()) {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    pair.right.kill().unwrap();
    pair.right.wait().unwrap();
}
