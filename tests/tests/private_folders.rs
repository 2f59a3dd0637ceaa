//! Private folders of a test, and files of the machine's `/run` that are hidden from it.

#![forbid(unsafe_code)]

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use netns_fixtures::PrivateFolders;
use netns_fixtures::prelude::*;
use netns_tests::suite::{NOBODY, User};
use netns_tests::witness::skip;
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MsFlags, mount};

/// A name that no other program uses.
fn name() -> String {
    std::env::var("PRIVATE_FOLDERS_NAME").unwrap_or_else(|_| format!("netns-test-private-{}", std::process::id()))
}

#[netns_test]
#[ignore = "run by the test below"]
fn daemons_write_where_they_are_used_to(mut folders: PrivateFolders, net: Pair) -> TestResult {
    let covered: Vec<PathBuf> = folders.list().to_vec();
    println!("covered {covered:?}");
    let has_run = Path::new("/run").exists();
    assert!(covered.contains(&fs::canonicalize("/dev/shm")?), "{covered:?}");
    assert_eq!(covered.iter().any(|folder| folder.ends_with("run")), has_run, "{covered:?}");
    for folder in &covered {
        // The folder contains only the one for temporary files, which `TMPDIR` names.
        let temporary = std::env::temp_dir();
        for entry in fs::read_dir(folder)? {
            let entry = entry?.path();
            assert!(temporary.starts_with(&entry), "{} has {}", folder.display(), entry.display());
        }
        let file = folder.join(name());
        net.server.command("touch")?.arg(&file).output()?.checked()?;
        assert!(file.exists(), "a host and the test share {}", file.display());
    }
    if has_run {
        // The lock of iptables-legacy.
        File::create_new("/run/xtables.lock")?;
    }
    // Fixtures and programs find it, below `/dev/shm`.
    drop(tempfile::tempdir()?);
    folders.cover("/mnt")?;
    fs::write(Path::new("/mnt").join(name()), "")?;
    // A folder in a covered one is there after the outer one is covered, too.
    fs::create_dir("/mnt/inner")?;
    fs::write("/mnt/inner/file", "")?;
    folders.cover("/mnt/inner")?;
    folders.cover("/mnt")?;
    assert_eq!(fs::read_dir("/mnt")?.count(), 1);
    assert_eq!(fs::read_dir("/mnt/inner")?.count(), 0);
    assert_eq!(folders.list().iter().filter(|folder| folder.starts_with("/mnt")).count(), 2, "{:?}", folders.list());
    let refused = folders.cover("/").unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(nix::libc::EBUSY), "{refused}");
    Ok(())
}

/// As systemd-resolved does it with a file in `/run`.
#[netns_test]
fn a_file_of_the_resolver_that_is_a_link_into_a_private_folder_stays(own: Namespace) -> TestResult {
    let none = None::<&str>;
    let stub = format!("/dev/shm/{}/stub.conf", name());
    mount(Some("tmpfs"), "/dev/shm", Some("tmpfs"), MsFlags::empty(), none)?;
    mount(Some("tmpfs"), "/etc", Some("tmpfs"), MsFlags::empty(), none)?;
    fs::create_dir(Path::new(&stub).parent().expect("it has one"))?;
    // netns-lint: allow(temp-path) the folder is one of this test's mount namespace
    fs::write(&stub, "nameserver 192.0.2.1\n")?;
    fs::write("/etc/hosts", "")?;
    std::os::unix::fs::symlink(&stub, "/etc/resolv.conf")?;
    let _folders = PrivateFolders::set_up(&TestContext::current())?;
    assert_eq!(fs::read_to_string("/etc/resolv.conf")?, "");
    drop(own);
    let net = Pair::set_up(&TestContext::current())?;
    net.client.set_resolvers([net.server.addr()])?;
    let shown = net.client.command("cat")?.arg("/etc/resolv.conf").output()?.checked()?;
    assert_eq!(shown.stdout.text(), format!("nameserver {}\n", net.server.addr()));
    Ok(())
}

#[test]
fn private_folders_are_the_tests_and_leave_nothing_on_the_machine() {
    let name = name();
    // The user nobody may not be able to enter the folder of this package.
    let folder = tempfile::tempdir().expect("there is room");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let copy = folder.path().join("private_folders");
    fs::copy("/proc/self/exe", &copy).expect("there is room");
    for &user in User::all() {
        let mut libtest = Command::new(&copy);
        if user == User::Nobody {
            // The user nobody may not be able to read the configuration there.
            libtest.uid(NOBODY).gid(NOBODY).env_remove("CARGO_MANIFEST_DIR");
        }
        libtest.current_dir("/").args([
            "--ignored",
            "--exact",
            "--show-output",
            "daemons_write_where_they_are_used_to",
        ]);
        // The machine has no such folder.
        libtest.env("PRIVATE_FOLDERS_NAME", &name).env("TMPDIR", format!("/dev/shm/{name}-temporary"));
        let ended = libtest.output().expect("libtest starts");
        let printed = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && printed.contains("1 passed"), "{user:?}: {printed}");
        for folder in ["/run", "/tmp", "/dev/shm", "/var/lib/misc", "/mnt"] {
            assert!(!Path::new(folder).join(&name).exists(), "{user:?}: {folder}");
        }
    }
}

#[netns_test]
#[ignore = "run by the test below"]
fn the_lock_of_iptables_is_free(net: Pair) -> TestResult {
    for taken in [lock(), net.server.run(lock)?] {
        taken?;
    }
    Ok(())
}

fn lock() -> std::io::Result<()> {
    let file = File::options().write(true).open("/run/xtables.lock")?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map(drop).map_err(|(_, errno)| errno.into())
}

#[test]
fn a_test_does_not_wait_for_the_firewall_of_the_machine() {
    let path = Path::new("/run/xtables.lock");
    if !nix::unistd::geteuid().is_root() || path.exists() || !Path::new("/run").exists() {
        return skip("needs root: only root, where no iptables ran, can hold its lock");
    }
    let held = File::create_new(path).expect("root makes a file");
    let held = Flock::lock(held, FlockArg::LockExclusiveNonblock).expect("nobody else has it");
    let ended = Command::new("/proc/self/exe").args(["--ignored", "--exact", "the_lock_of_iptables_is_free"]).output();
    fs::remove_file(path).expect("it is there");
    let ended = ended.expect("libtest starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    drop(held);
}
