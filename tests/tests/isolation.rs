//! Isolation as the kernel shows it, from outside and from inside.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;

use netns_tests::suite::{NOBODY, Suite, User};
use nix::unistd::{getegid, geteuid};

/// Runs tests of the suite `observed` without capture, and gives what they print, without libtest's lines.
fn observed(suite: &Suite, user: User, tests: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
    let mut libtest = suite.libtest(user).expect("there is a folder");
    libtest.args(["--exact", "--nocapture", "--test-threads", "1"]).args(tests).envs(variables.iter().copied());
    let ended = libtest.output().expect("it starts");
    let printed = String::from_utf8(ended.stdout).expect("it is text");
    assert!(ended.status.success(), "{printed}\n{}", String::from_utf8_lossy(&ended.stderr));
    // With one thread and no capture, libtest ends the line that it began with `ok`.
    let lines = printed.lines().map(|line| line.split_once(" ... ").map_or(line, |(_, rest)| rest));
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn value<'a>(lines: &'a [String], name: &str) -> &'a str {
    let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {name} in {lines:?}"))
}

/// `net:[4026531840]` and the like.
fn namespaces(lines: &[String]) -> BTreeSet<String> {
    lines.iter().filter(|line| line.contains(":[")).cloned().collect()
}

#[test]
fn all_six_namespaces_are_others_for_each_test() {
    let suite = Suite::build("observed").expect("the suite builds");
    let ours: BTreeSet<String> = ["user", "net", "mnt", "pid", "ipc", "uts"]
        .map(|kind| fs::read_link(format!("/proc/self/ns/{kind}")).expect("it is there").display().to_string())
        .into();
    assert_eq!(ours.len(), 6);
    for &user in User::all() {
        let first = namespaces(&observed(&suite, user, &["tells_where_it_is"], &[]));
        let second = namespaces(&observed(&suite, user, &["tells_where_it_is_too"], &[]));
        assert_eq!((first.len(), second.len()), (6, 6));
        let all: BTreeSet<&String> = ours.iter().chain(&first).chain(&second).collect();
        // A number of one that has died may be given again, so the two tests run in one process, too.
        assert!(ours.is_disjoint(&first) && ours.is_disjoint(&second), "{all:?}");
        let both = observed(&suite, user, &["tells_where_it_is", "tells_where_it_is_too"], &[]);
        assert!(namespaces(&both).is_disjoint(&ours), "{both:?}");
    }
}

#[test]
fn inside_is_root_who_is_the_caller_outside_and_lo_alone() {
    let suite = Suite::build("observed").expect("the suite builds");
    for &user in User::all() {
        let (uid, gid) = match user {
            User::Caller => (geteuid().as_raw(), getegid().as_raw()),
            User::Nobody => (NOBODY, NOBODY),
        };
        let lines = observed(&suite, user, &["tells_where_it_is"], &[]);
        assert_eq!(value(&lines, "uid_map"), format!("0 {uid} 1"));
        assert_eq!(value(&lines, "gid_map"), format!("0 {gid} 1"));
        assert_eq!(value(&lines, "devices"), "lo");
        assert_eq!(value(&lines, "pid"), "2");
    }
}

#[test]
fn nothing_that_listens_on_the_machine_can_be_reached() {
    let suite = Suite::build("observed").expect("the suite builds");
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let name = format!("netns-tests-{}", std::process::id());
    // netns-lint: allow(unclaimed-name) the control needs a name that both sides know, and the pid is in it
    let abstract_name = SocketAddr::from_abstract_name(&name).expect("it is short");
    let _listener = UnixListener::bind_addr(&abstract_name).expect("the name is free");
    let variables = [("OBSERVED_ADDRESS", address.as_str()), ("OBSERVED_NAME", name.as_str())];
    for &user in User::all() {
        let isolated = observed(&suite, user, &["tries_to_connect"], &variables);
        assert_eq!(value(&isolated, "tcp"), "Err(ConnectionRefused)");
        assert_eq!(value(&isolated, "abstract"), "Err(ConnectionRefused)");
        // The control: the same code, without the attribute, can.
        let control = observed(&suite, user, &["tries_to_connect_without_isolation"], &variables);
        assert_eq!(value(&control, "tcp"), "Ok(())");
        assert_eq!(value(&control, "abstract"), "Ok(())");
    }
}

#[test]
fn mounts_sysctls_and_the_host_name_do_not_leak() {
    let suite = Suite::build("observed").expect("the suite builds");
    let folder = tempfile::tempdir().expect("there is room");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("it is ours");
    let path = folder.path().to_str().expect("it is text");
    let read = |path: &str| fs::read_to_string(path).expect("it can be read");
    let machine =
        || (read("/proc/sys/net/ipv4/ip_default_ttl"), read("/proc/sys/kernel/hostname"), mounted_below(folder.path()));
    for &user in User::all() {
        let before = machine();
        let lines = observed(&suite, user, &["changes_what_it_can"], &[("OBSERVED_FOLDER", path)]);
        // The control: inside, all of it happened.
        let inside = ["files", "ttl", "hostname"].map(|name| value(&lines, name));
        assert_eq!(inside, ["1", "7", "renamed"]);
        assert_eq!(machine(), before);
        assert_eq!(fs::read_dir(folder.path()).expect("it can be listed").count(), 0);
    }
}

/// Mounts at or below the folder. Others come and go with whatever else the machine does.
fn mounted_below(folder: &Path) -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("it can be read");
    mounts.lines().filter(|line| line.contains(&*folder.to_string_lossy())).map(str::to_owned).collect()
}
