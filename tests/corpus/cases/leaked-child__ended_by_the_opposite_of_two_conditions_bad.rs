use std::process::Command;

#[test]
fn answers() {
    let external = std::env::var_os("SERVER").is_some();
    let keep = std::env::var_os("KEEP").is_some();
    let mut server = None;
    if !external {
        server = Some(Command::new("server").spawn().unwrap());
    }
    println!("asks {external}");
    if !external && !keep {
        if let Some(mut server) = server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
