struct Store;

impl Store {
    fn new() -> Self {
        std::fs::create_dir_all("/tmp/relay").unwrap();
        Self
    }
}

pub fn open() -> bool {
    let _store = Store::new();
    true
}

#[test]
fn opens() {
    let _store = Store::new();
}
