// Whichever branch is taken, the options end there.
use std::process::Command;

#[test]
fn pings() {
    let mut command = Command::new("ping");
    command.args(["-c", "1"]);
    command.arg("--");
    if let Ok(host) = std::env::var("HOST") {
        command.arg(host);
    } else {
        command.arg("localhost");
    }
    command.status().unwrap();
}
