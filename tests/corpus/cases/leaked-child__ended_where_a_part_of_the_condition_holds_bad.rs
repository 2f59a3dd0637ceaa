use std::process::Command;

fn answers(external: bool, mode: u8) {
    let mut server = None;
    if !external || mode == 2 {
        server = Some(Command::new("server").spawn().unwrap());
    }
    println!("asks {mode}");
    if !external && mode == 2 {
        if let Some(mut server) = server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

#[test]
fn answers_alone() {
    answers(false, 2);
}
