// The last component is replaced.
use std::fs::File;
use std::path::PathBuf;

#[test]
fn writes() {
    let mut path = PathBuf::from("/tmp/report");
    path.set_file_name("other");
    path.set_extension("log");
    assert!(File::create(&path).is_ok());
}
