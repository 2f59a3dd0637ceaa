//! Folders of the test's own, paths that are only read, and paths of other machines.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::os::unix::net::UnixListener;
use std::process::Command;

#[test]
fn a_folder_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    File::create(folder.path().join("out")).unwrap();
    UnixListener::bind(folder.path().join("x.sock")).unwrap();
    fs::create_dir_all(folder.path().join("a/b")).unwrap();
}

#[test]
fn a_folder_of_its_own_in_a_given_one() {
    let folder = tempfile::Builder::new().prefix("test").tempdir_in("/tmp").unwrap();
    fs::write(folder.path().join("out"), "x").unwrap();
}

#[test]
fn a_file_of_its_own() {
    let file = tempfile::NamedTempFile::new_in("/tmp").unwrap();
    fs::write(file.path(), "x").unwrap();
}

#[test]
fn only_read() {
    fs::read_to_string("/tmp/out.txt").unwrap_err();
    File::open("/tmp/out.txt").unwrap_err();
    OpenOptions::new().read(true).open("/tmp/x.log").unwrap_err();
}

#[test]
fn only_compared() {
    assert_eq!(parsed("socket=/tmp/x.sock").path(), "/tmp/x.sock");
    assert!(!std::path::Path::new("/tmp/out.txt").exists());
}

#[test]
fn in_the_working_folder() {
    File::create("target/out.txt").unwrap();
    fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/out.txt"), "x").unwrap();
}

#[test]
fn below_a_folder_that_somebody_gives() {
    File::create(folder().join("out.txt")).unwrap();
    File::create(format!("{}/out.txt", folder().display())).unwrap();
}

#[test]
fn created_exclusively() {
    let path = env::temp_dir().join(format!("test-{}", std::process::id()));
    OpenOptions::new().write(true).create_new(true).open(&path).unwrap();
    fs::create_dir(path.with_extension("d")).unwrap();
}

#[test]
fn made_of_a_uuid() {
    let path = env::temp_dir().join(format!("test-{}", uuid::Uuid::new_v4()));
    fs::create_dir(&path).unwrap();
}

#[test]
fn made_of_a_random_number() {
    let path = env::temp_dir().join(format!("test-{:x}", rand::random::<u64>()));
    fs::create_dir(&path).unwrap();
}

#[test]
fn where_it_must_fail() {
    File::create("/tmp/there-is-no-such-folder/out").unwrap_err();
    assert!(UnixListener::bind("/tmp/there-is-no-such-folder/x.sock").is_err());
}

#[test]
fn in_a_container() {
    Command::new("docker").args(["exec", &container(), "mkdir", "/tmp/test"]).status().unwrap();
    image().with_cmd(["sh", "-c", "echo 42 > /tmp/result.txt"]);
    upload(UploadOptions::default().path("/tmp").build());
}

#[test]
fn in_a_guest() {
    Command::new("ssh").args(["guest", "touch", "/tmp/ready"]).status().unwrap();
}

#[test]
fn read_by_a_shell() {
    Command::new("sh").args(["-c", "cat < /tmp/in"]).status().unwrap(); //~ pedantic: shell-command
    Command::new("sh").args(["-c", "mktemp /tmp/x.XXXXXX"]).status().unwrap(); //~ pedantic: shell-command
}

#[test]
fn removed() {
    let _ = fs::remove_file("/tmp/out.txt");
    let _ = fs::remove_dir_all("/tmp/test");
}
