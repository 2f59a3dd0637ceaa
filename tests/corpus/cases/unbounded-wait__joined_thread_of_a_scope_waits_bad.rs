use std::process::Command;
#[test]
fn scoped() {
    let mut server = Command::new("server").spawn().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| server.wait().unwrap());
    });
}
