//! Names that a counter makes different from each other, in each run the same.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

static NEXT: AtomicUsize = AtomicUsize::new(0);

struct Folder {
    path: PathBuf,
}

impl Folder {
    fn make(&self) {
        fs::create_dir_all(&self.path).unwrap();
    }
}

#[test]
fn by_a_counter() {
    fs::write(format!("/tmp/out-{}", NEXT.fetch_add(1, Ordering::Relaxed)), "x").unwrap(); //~ temp-path
}

#[test]
fn in_an_object() {
    let folder = Folder { path: "/tmp/state".into() };
    folder.make(); //~ temp-path
}
