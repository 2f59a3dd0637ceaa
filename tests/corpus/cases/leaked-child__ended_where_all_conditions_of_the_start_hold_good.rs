use std::process::Command;

struct Setup {
    external: bool,
    mode: u8,
}

fn answers(setup: &Setup) {
    let mut server = None;
    if !setup.external && setup.mode == 2 {
        server = Some(Command::new("server").spawn().unwrap());
    }
    println!("asks {}", setup.mode);
    if setup.mode != 2 || setup.external {
        return;
    }
    if let Some(mut server) = server {
        let _ = server.kill();
        let _ = server.wait();
    }
}

#[test]
fn answers_alone() {
    answers(&Setup { external: false, mode: 2 });
}
