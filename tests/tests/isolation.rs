//! Isolation as the kernel shows it, from outside and from inside.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::Command;

use netns_tests::suite::{NOBODY, Suite, User};
use netns_tests::witness::skip;
use nix::unistd::{getegid, geteuid};

/// Runs tests of the suite `observed` without capture, and returns their output without libtest's lines.
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

/// Returns entries such as `net:[4026531840]`.
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
        // The kernel may reuse the number of a dead namespace, so the two tests also run in one process.
        assert!(ours.is_disjoint(&first) && ours.is_disjoint(&second), "{all:?}");
        let both = observed(&suite, user, &["tells_where_it_is", "tells_where_it_is_too"], &[]);
        assert!(namespaces(&both).is_disjoint(&ours), "{both:?}");
    }
}

/// Returns the ids of this process in one line.
fn all_ids_as_themselves(map: &str) -> String {
    let ours = fs::read_to_string(format!("/proc/self/{map}")).expect("it is there");
    let fields: Vec<&str> = ours.split_whitespace().collect();
    fields.chunks(3).map(|line| format!("{0} {0} {1}", line[0], line[2])).collect::<Vec<_>>().join(" ")
}

#[test]
fn inside_is_root_with_all_ids_of_root_or_the_one_of_another_caller_and_lo_alone() {
    let suite = Suite::build("observed").expect("the suite builds");
    for &user in User::all() {
        let lines = observed(&suite, user, &["tells_where_it_is"], &[]);
        for (map, id) in [("uid_map", geteuid().as_raw()), ("gid_map", getegid().as_raw())] {
            let expected = match user {
                User::Caller if geteuid().is_root() => all_ids_as_themselves(map),
                User::Caller => format!("0 {id} 1"),
                User::Nobody => format!("0 {NOBODY} 1"),
            };
            assert_eq!(value(&lines, map), expected);
        }
        assert_eq!(value(&lines, "devices"), "lo");
        assert_eq!(value(&lines, "pid"), "2");
    }
}

#[test]
fn root_becomes_any_user_inside_and_gives_files_to_any_user_and_others_cannot() {
    let suite = Suite::build("observed").expect("the suite builds");
    for &user in User::all() {
        let lines = observed(&suite, user, &["becomes_another_user"], &[]);
        let expected = if user == User::Caller && geteuid().is_root() { "true" } else { "false" };
        for deed in ["drops_groups", "becomes_nobody", "gives_a_file_away"] {
            assert_eq!(value(&lines, deed), expected, "{deed} as {user:?}");
        }
    }
}

/// A machine with `newuidmap` and ranges for nobody. Root creates one for a moment, in a mount namespace.
#[test]
fn an_ordinary_user_with_ranges_becomes_any_user_on_request() {
    if !geteuid().is_root() {
        return skip("needs root: only root can give a user ranges");
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let find = |program| std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    let Some(programs) = ["newuidmap", "newgidmap"].map(find).into_iter().collect::<Option<Vec<_>>>() else {
        return skip("needs newuidmap, of the package uidmap");
    };
    let suite = Suite::build("observed").expect("the suite builds");
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let script = "mount --make-rprivate / && mount -t tmpfs none \"$1\" && chmod 755 \"$1\" && \
         install -m 4755 \"$2\" \"$3\" \"$1\" && echo 65534:700000:65536 > \"$1/sub\" && \
         touch /etc/subuid /etc/subgid && mount --bind \"$1/sub\" /etc/subuid && mount --bind \"$1/sub\" /etc/subgid && \
         cd / && exec setpriv --reuid 65534 --regid 65534 --clear-groups env \"PATH=$1:$PATH\" \"${@:4}\"";
    // The control: one identity.
    for (asks, expected) in [("false", "false"), ("true", "true")] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "bash", "-c", script, "bash"]).arg(folder.path()).args(&programs);
        command.arg(format!("NETNS_TEST_MAP_IDS={asks}")).arg(suite.binary());
        let ended = command.args(["--exact", "--nocapture", "becomes_another_user"]).output().expect("unshare starts");
        let printed = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success(), "{printed}\n{}", String::from_utf8_lossy(&ended.stderr));
        for deed in ["drops_groups", "becomes_nobody", "gives_a_file_away"] {
            assert!(printed.contains(&format!("{deed} {expected}")), "{asks}: {printed}");
        }
    }
}

#[test]
fn ranges_that_an_ordinary_user_lacks_are_named() {
    let suite = Suite::build("observed").expect("the suite builds");
    for &user in User::all() {
        let mut libtest = suite.libtest(user).expect("there is a folder");
        // Without a program that maps ranges.
        libtest.args(["--exact", "becomes_another_user"]).env("NETNS_TEST_MAP_IDS", "true").env("PATH", "");
        let ended = libtest.output().expect("it starts");
        let printed = String::from_utf8_lossy(&ended.stdout);
        let has_all = user == User::Caller && geteuid().is_root();
        assert_eq!(ended.status.success(), has_all, "{printed}");
        assert!(has_all || printed.contains("the program newuidmap is not in PATH; install the package"), "{printed}");
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
        // The control: the same code without the attribute connects.
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
        // The control: inside the test, all changes took effect.
        let inside = ["files", "ttl", "hostname"].map(|name| value(&lines, name));
        assert_eq!(inside, ["1", "7", "renamed"]);
        assert_eq!(machine(), before);
        assert_eq!(fs::read_dir(folder.path()).expect("it can be listed").count(), 0);
    }
}

/// Returns mounts at or below the folder. Other mounts change with other work of the machine.
fn mounted_below(folder: &Path) -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("it can be read");
    mounts.lines().filter(|line| line.contains(&*folder.to_string_lossy())).map(str::to_owned).collect()
}

#[test]
fn no_test_has_the_session_keyring_of_another_or_of_its_runner() {
    let suite = Suite::build("observed").expect("the suite builds");
    let tests = ["tells_its_keyring", "tells_its_keyring_too", "tells_the_keyring_of_the_runner"];
    for &user in User::all() {
        let lines = observed(&suite, user, &tests, &[]);
        let keyrings: BTreeSet<&String> = lines.iter().filter(|line| line.starts_with("keyring ")).collect();
        assert_eq!(keyrings.len(), tests.len(), "{lines:?}");
        assert!(!keyrings.contains(&"keyring -1".to_owned()), "{lines:?}");
    }
}
