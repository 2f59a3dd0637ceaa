use std::sync::Mutex;
static TURN: Mutex<()> = Mutex::new(());
#[test]
fn one() { let _turn = TURN.lock().unwrap(); unsafe { std::env::set_var("A", "1") }; }
#[test]
fn other() { let _turn = TURN.lock().unwrap(); unsafe { std::env::remove_var("A") }; }
