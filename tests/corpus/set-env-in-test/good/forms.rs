//! State that stays where it belongs.

use std::env;
use std::process::Command;
use std::sync::Mutex;

static ENVIRONMENT: Mutex<()> = Mutex::new(());

#[test]
fn of_a_child() {
    let status = Command::new("/bin/true").env("HTTP_PROXY", "x").env_remove("HOME").current_dir("/").status();
    assert!(status.is_ok());
}

#[test]
fn reads() {
    assert!(env::var("PATH").is_ok());
}

#[test]
fn takes_turns() {
    let _turn = ENVIRONMENT.lock().unwrap();
    unsafe { env::set_var("A", "1") };
    unsafe { env::remove_var("A") };
}

#[test]
fn scoped_by_a_crate() {
    temp_env::with_var("A", Some("1"), || assert!(server::starts()));
}

#[test]
fn asks_for_the_folder() {
    assert!(env::current_dir().is_ok());
}

#[test]
fn another_method_of_that_name() {
    let mut machine = Machine::default();
    machine.set_var("A", "1");
}

#[test]
fn another_function_of_that_name() {
    template::set_var("A", "1");
}


#[netns_test]
fn in_a_process_of_its_own() {
    unsafe { std::env::set_var("A", "1") };
}

fn clean() {
    unsafe { env::remove_var("A") };
}

#[test]
fn takes_turns_before_a_helper() {
    let _turn = ENVIRONMENT.lock().unwrap();
    clean();
}

#[test]
fn for_a_child_only() {
    let mut child = std::process::Command::new("/bin/true").env("A", "1").spawn().unwrap();
    assert!(child.wait().is_ok());
}
