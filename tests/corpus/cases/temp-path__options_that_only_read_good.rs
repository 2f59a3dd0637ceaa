// Nothing is made.
use std::fs::{File, OpenOptions};
use std::path::Path;

fn reader(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).create(false).open(path)
}

#[test]
fn reads() {
    assert!(reader(&std::env::temp_dir().join("suite.log")).is_err());
}
