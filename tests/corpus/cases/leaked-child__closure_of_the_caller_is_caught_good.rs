use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Command;

fn with_server(body: impl FnOnce()) {
    let mut server = Command::new("server").spawn().unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| body()));
    server.kill().unwrap();
    server.wait().unwrap();
    if let Err(panic) = result {
        resume_unwind(panic);
    }
}

#[test]
fn answers() {
    with_server(|| assert!(std::path::Path::new("answer").exists()));
}
