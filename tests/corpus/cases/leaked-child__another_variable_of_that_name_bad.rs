use std::process::Command;

#[test]
fn answers() {
    let spawned = std::env::var_os("SERVER").is_none();
    let mut server = None;
    if spawned {
        server = Some(Command::new("server").spawn().unwrap());
    }
    let spawned = std::env::var_os("KEEP").is_none();
    if spawned {
        if let Some(mut server) = server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
