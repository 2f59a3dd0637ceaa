//! Paths that others can guess, in folders that others can write to.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::SystemTime;

const LOG: &str = "/tmp/test.log";

struct Paths {
    socket: PathBuf,
}

fn save(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}

fn scratch(name: &str) -> PathBuf {
    env::temp_dir().join(name)
}

#[test]
fn created() {
    File::create("/tmp/out.txt").unwrap(); //~ temp-path
    File::create(LOG).unwrap(); //~ temp-path
}

#[test]
fn written() {
    fs::write("/var/tmp/out.txt", b"x").unwrap(); //~ temp-path
}

#[test]
fn a_folder() {
    fs::create_dir_all("/tmp/test/a").unwrap();
    fs::create_dir("/tmp/test").unwrap(); //~ temp-path
}

#[test]
fn a_folder_with_paths_below_it() {
    let folder = Path::new("/tmp/run");
    fs::create_dir_all(folder).unwrap(); //~ temp-path
    fs::write(folder.join("config"), "x").unwrap();
    let state = format!("{}/{}", folder.display(), process::id());
    fs::create_dir(&state).unwrap();
    save(&folder.join("log"), "x");
    fs::write("/tmp/runs", "x").unwrap(); //~ temp-path
}

#[test]
fn bound() {
    UnixListener::bind("/tmp/test.sock").unwrap(); //~ temp-path
    let path = Path::new("/tmp/other.sock");
    UnixDatagram::bind(path).unwrap(); //~ temp-path
}

#[test]
fn in_the_temporary_folder() {
    fs::write(env::temp_dir().join("out.txt"), b"x").unwrap(); //~ temp-path
}

#[test]
fn pushed_to_the_temporary_folder() {
    let mut path = env::temp_dir();
    path.push("out.txt");
    File::create(&path).unwrap(); //~ temp-path
}

#[test]
fn joined() {
    let path = Path::new("/tmp").join("a").join("b");
    File::create(path).unwrap(); //~ temp-path
}

#[test]
fn made_of_a_process_id() {
    let path = format!("/tmp/test-{}.log", process::id());
    File::create(&path).unwrap(); //~ temp-path
}

#[test]
fn made_of_a_time() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    File::create(env::temp_dir().join(format!("out-{now}"))).unwrap(); //~ temp-path
}

#[test]
fn opened_for_writing() {
    OpenOptions::new().write(true).create(true).open("/tmp/x.log").unwrap(); //~ temp-path
    File::options().append(true).open("/tmp/y.log").unwrap(); //~ temp-path
}

#[test]
fn in_shared_memory() {
    File::create("/dev/shm/ring").unwrap(); //~ temp-path
}

#[test]
fn copied_and_linked() {
    fs::copy("fixture.bin", "/tmp/fixture.bin").unwrap(); //~ temp-path
    fs::rename("a", "/tmp/a").unwrap(); //~ temp-path
    std::os::unix::fs::symlink("a", "/tmp/link").unwrap(); //~ temp-path
}

#[test]
fn by_a_field() {
    let paths = Paths { socket: PathBuf::from("/tmp/field.sock") };
    UnixListener::bind(&paths.socket).unwrap(); //~ temp-path
}

#[test]
fn by_commands() {
    Command::new("mkdir").args(["-p", "/tmp/test"]).status().unwrap(); //~ temp-path
    Command::new("sh").args(["-c", "echo 1 > /tmp/out"]).status().unwrap(); //~ temp-path, pedantic: shell-command
    Command::new("sh").args(["-c", "server 2>>/tmp/server.log &"]).status().unwrap(); //~ temp-path, pedantic: shell-command
}

#[test]
fn by_helpers() {
    save(Path::new("/tmp/saved"), "x"); //~ temp-path
    File::create(scratch("named")).unwrap(); //~ temp-path
}

#[tokio::test]
async fn asynchronous() {
    tokio::fs::write("/tmp/out.txt", b"x").await.unwrap(); //~ temp-path
    let listener = tokio::net::UnixListener::bind("/tmp/async.sock").unwrap(); //~ temp-path
    drop(listener);
}
