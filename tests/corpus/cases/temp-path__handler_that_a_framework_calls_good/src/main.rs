#[get("/reset")]
fn reset() {
    std::fs::remove_dir_all("/tmp/relay").unwrap();
}

fn main() {
    framework::run();
}

#[test]
fn resets() {
    reset();
}
