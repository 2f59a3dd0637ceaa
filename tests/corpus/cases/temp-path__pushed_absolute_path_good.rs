// An absolute path replaces the folder.
use std::path::PathBuf;

#[test]
fn writes() {
    let mut path = PathBuf::from("/tmp");
    path.push(concat!(env!("CARGO_MANIFEST_DIR"), "/out"));
    let mut other = PathBuf::from("/tmp/a");
    other.push("/srv/out.txt");
    std::fs::write(&other, "x").unwrap();
    assert!(path.is_absolute());
}
