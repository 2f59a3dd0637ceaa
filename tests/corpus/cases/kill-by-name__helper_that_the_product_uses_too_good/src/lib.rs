use std::process::Command;

pub fn reset() {
    clean_up();
}

fn clean_up() {
    let _ = Command::new("killall").arg("hostapd").status();
}

#[test]
fn resets() {
    clean_up();
    reset();
}
