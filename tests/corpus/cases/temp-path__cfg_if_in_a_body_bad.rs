// Statements that a macro chooses by platform.
#[test]
fn writes() {
    cfg_if::cfg_if! {
        if #[cfg(target_os = "linux")] {
            let path = "/tmp/suite.log";
        } else {
            let path = "suite.log";
        }
    }
    std::fs::write("/tmp/suite.out", "x").unwrap();
    let _ = path;
}
