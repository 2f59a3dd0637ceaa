macro_rules! prepared {
    ($name:ident) => {
        pub fn $name() {
            prepare();
        }
    };
}

fn prepare() {
    std::fs::create_dir_all("/tmp/relay").unwrap();
}

prepared!(start);

#[test]
fn prepares() {
    prepare();
}
