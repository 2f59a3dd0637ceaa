//! State of the process that one test changes and all others see.

use std::env;

#[test]
fn sets_a_proxy() {
    unsafe { env::set_var("HTTP_PROXY", "http://127.0.0.1:3128") }; //~ set-env-in-test
}

#[test]
fn sets_by_full_path() {
    unsafe { std::env::set_var("CONFIG", "tests/config.toml") }; //~ set-env-in-test
}

#[test]
fn removes() {
    unsafe { env::remove_var("HOME") }; //~ set-env-in-test
}

#[test]
fn sets_and_removes() {
    unsafe { env::set_var("PORT", "0") }; //~ set-env-in-test
    assert!(server::starts());
    unsafe { env::remove_var("PORT") }; //~ set-env-in-test
}

#[test]
fn changes_the_folder() {
    env::set_current_dir("tests/data").unwrap(); //~ set-env-in-test
}

#[test]
fn sets_in_a_loop() {
    for name in ["A", "B"] {
        unsafe { env::set_var(name, "1") }; //~ set-env-in-test
    }
}

#[test]
fn sets_in_a_closure() {
    let set = || unsafe { env::set_var("MODE", "fast") }; //~ set-env-in-test
    set();
}

#[test]
fn sets_a_computed_name() {
    let name = format!("{}_TOKEN", "CI");
    unsafe { env::set_var(name, "x") }; //~ set-env-in-test
}


fn with_home(home: &str) {
    unsafe { env::set_var("HOME", home) }; //~ set-env-in-test
}

#[test]
fn uses_a_helper() {
    with_home("/nonexistent");
}

#[tokio::test]
async fn sets_while_others_run() {
    unsafe { env::set_var("SERVER", "127.0.0.1") }; //~ set-env-in-test
    server::starts_async().await;
}

#[test]
fn only_logs_read_it() {
    unsafe { env::set_var("RUST_LOG", "debug") }; //~ pedantic: set-env-in-test
}

#[test]
fn takes_a_lock_of_its_own() {
    let lock = std::sync::Mutex::new(());
    let _turn = lock.lock().unwrap();
    unsafe { env::set_var("A", "1") }; //~ set-env-in-test
}

#[test]
fn after_another_function_called_scoped() {
    pool().scoped(|| server::starts());
    unsafe { env::set_var("A", "1") }; //~ set-env-in-test
}
