//! The program is given to a runner of another file.

mod common;

#[test]
fn by_a_runner() {
    common::run("pkill", &["-f", "dnsmasq"]); //~ kill-by-name
}
