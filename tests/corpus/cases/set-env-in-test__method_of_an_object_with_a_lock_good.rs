use std::sync::{Mutex, MutexGuard};

static TURN: Mutex<()> = Mutex::new(());

struct Turn(MutexGuard<'static, ()>);

impl Turn {
    fn set(&self, value: &str) {
        unsafe { std::env::set_var("HTTP_PROXY", value) };
    }
}

#[test]
fn first() {
    Turn(TURN.lock().unwrap()).set("a");
}

#[test]
fn second() {
    Turn(TURN.lock().unwrap()).set("b");
}
