//! Checks whether a child has ended, and waits after which it may still run.

use std::process::{Child, Command};
use std::time::Duration;

use wait_timeout::ChildExt;

const LIMIT: Duration = Duration::from_secs(5);

fn pause(server: &mut Child) {
    server.wait_timeout(LIMIT).unwrap();
}

#[test]
fn of_which_nothing_reads_the_answer() {
    let mut server = Command::new("server").spawn().unwrap();
    server.wait_timeout(LIMIT).unwrap();
    server.wait().unwrap(); //~ unbounded-wait
}

#[test]
fn of_which_the_answer_is_dropped() {
    let mut server = Command::new("server").spawn().unwrap();
    let _ = server.wait_timeout(LIMIT);
    server.wait().unwrap(); //~ unbounded-wait
}

#[test]
fn in_a_helper() {
    let mut server = Command::new("server").spawn().unwrap();
    pause(&mut server);
    server.wait().unwrap(); //~ unbounded-wait
}

#[test]
fn that_a_loop_repeats() {
    let mut server = Command::new("server").spawn().unwrap();
    for _ in 0..3 {
        server.try_wait().unwrap();
    }
    server.wait().unwrap(); //~ unbounded-wait
}

#[test]
fn after_the_last_of_which_it_waits() {
    let mut server = Command::new("server").spawn().unwrap();
    for _ in 0..3 {
        if server.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(LIMIT);
    }
    server.wait().unwrap(); //~ unbounded-wait
}

#[test]
fn that_only_prints() {
    let mut server = Command::new("server").spawn().unwrap();
    if let Some(status) = server.wait_timeout(LIMIT).unwrap() {
        println!("{status}");
    }
    server.wait().unwrap(); //~ unbounded-wait
}
