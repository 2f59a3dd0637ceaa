//! Children that nothing ends, or that the first failure leaves running.

use std::process::{Child, Command, Stdio};

struct Handle {
    child: Child,
}

fn start() -> Handle {
    Handle { child: Command::new("server").spawn().unwrap() } //~ leaked-child
}

#[test]
fn dropped_at_once() {
    Command::new("server").spawn().unwrap(); //~ leaked-child
}

#[test]
fn kept_in_a_variable() {
    let _server = Command::new("server").arg("--port").spawn().unwrap(); //~ leaked-child
    lookup();
}

#[test]
fn built_over_statements() {
    let mut command = Command::new("server");
    command.arg("-d").stdout(Stdio::null());
    let server = command.spawn().unwrap(); //~ leaked-child
    println!("started {}", server.id());
}

#[test]
fn an_assertion_before_its_end() {
    let mut server = Command::new("server").spawn().unwrap(); //~ leaked-child
    assert!(lookup());
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn an_unwrap_before_its_end() {
    let mut server = Command::new("server").spawn().unwrap(); //~ leaked-child
    client().connect().unwrap();
    server.kill().unwrap();
}

#[test]
fn a_question_mark_before_its_end() -> std::io::Result<()> {
    let mut server = Command::new("server").spawn()?; //~ leaked-child
    client().connect()?;
    server.kill()?;
    server.wait()?;
    Ok(())
}

#[test]
fn a_part_of_it_is_taken() {
    let mut server = Command::new("server").spawn().unwrap(); //~ leaked-child
    let output = server.stdout.take().unwrap();
    read(output);
    server.kill().unwrap();
}

#[test]
fn in_a_branch() {
    if let Ok(mut server) = Command::new("server").spawn() { //~ leaked-child
        client().connect().expect("it answers");
        server.kill().unwrap();
    }
}

#[test]
fn one_of_two() {
    let server = if is_new() { Command::new("new").spawn() } else { Command::new("old").spawn() }; //~ leaked-child, leaked-child
    println!("{:?}", server.unwrap().id());
}

#[tokio::test]
async fn asynchronous() {
    let server = tokio::process::Command::new("server").spawn().unwrap(); //~ leaked-child
    lookup().await;
    println!("{:?}", server.id());
}

#[tokio::test]
async fn asynchronous_with_an_assertion() {
    let mut server = tokio::process::Command::new("server").spawn().unwrap(); //~ leaked-child
    assert!(lookup().await);
    server.kill().await.unwrap();
}

#[test]
fn in_a_loop() {
    for port in 0..3 {
        Command::new("server").arg(port.to_string()).spawn().unwrap(); //~ leaked-child
    }
}

#[test]
fn of_a_shell() {
    Command::new("sh").args(["-c", "server & sleep 100"]).spawn().unwrap(); //~ leaked-child, pedantic: shell-command
}

#[test]
fn ended_by_its_number_but_after_a_panic() {
    let server = Command::new("sleep").arg("infinity").spawn().unwrap(); //~ leaked-child
    assert!(lookup());
    unsafe { libc::kill(server.id() as i32, libc::SIGKILL) };
}

#[test]
fn that_only_ends_by_itself() {
    let mut tool = Command::new("tool").spawn().unwrap(); //~ pedantic: leaked-child
    assert!(lookup());
    tool.wait_timeout(limit()).unwrap();
}
