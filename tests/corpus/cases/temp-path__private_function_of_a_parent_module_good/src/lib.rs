mod store;

pub use store::Store;

fn prepare() {
    std::fs::create_dir_all("/tmp/relay").unwrap();
}

#[test]
fn prepares() {
    prepare();
}
