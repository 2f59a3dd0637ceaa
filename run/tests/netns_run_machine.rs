//! The machine inside `netns-run`, for root and for others: settings, the home, and folders and identities of daemons.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use calls::{ended, netns_run, printed};
use netns_fixtures::cargo_bin;
use netns_fixtures::prelude::*;
use nix::mount::{MsFlags, mount};
use nix::unistd::{AccessFlags, access, geteuid};
use visibly::skip;

mod calls;
mod visibly;

/// A setting without a copy in a namespace.
const OF_THE_MACHINE: &str = "/proc/sys/vm/overcommit_memory";

fn is_here(program: &str) -> bool {
    let is_here =
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().any(|folder| Path::new(folder).join(program).is_file());
    if !is_here {
        skip(&format!("requires the program {program}: it is not installed"));
    }
    is_here
}

/// Writes the present value, so that a failure of this test changes nothing.
#[test]
fn settings_of_the_machine_cannot_be_changed_and_those_of_namespaces_can() {
    let write = |setting: &str| ended(&["--", "sh", "-c", "value=$(cat $0) && echo \"$value\" > $0", setting]);
    let before = fs::read_to_string(OF_THE_MACHINE).unwrap();
    // The control: outside, root could write. Root of a container with a user namespace could not.
    let is_open = access(OF_THE_MACHINE, AccessFlags::W_OK).is_ok();
    for setting in [OF_THE_MACHINE, "/proc/sys/kernel/core_pattern", "/proc/sys/fs/file-max"] {
        let refused = write(setting);
        let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
        let expected = if is_open { "Read-only file system" } else { "Permission denied" };
        assert!(!refused.status.success() && reason.contains(expected), "{setting}: {reason}");
    }
    assert_eq!(fs::read_to_string(OF_THE_MACHINE).unwrap(), before);
    for setting in ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/user/max_net_namespaces"] {
        assert!(write(setting).status.success(), "{setting}");
    }
    if is_open {
        for setting in ["/proc/sys/kernel/hostname", "/proc/sys/kernel/shmmax", "/proc/sys/kernel/msgmax"] {
            let written = write(setting);
            assert!(written.status.success(), "{setting}: {}", String::from_utf8_lossy(&written.stderr));
        }
    }
}

/// As sandboxes do. The kernel demands a complete `/proc` for it, so the mounts for the settings must not be in its way.
#[test]
fn a_program_mounts_its_own_proc_in_namespaces_of_its_own() {
    let nested = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "--"];
    let count = ["sh", "-c", "ls /proc | grep -c '^[0-9]'"];
    for options in [&["--"][..], &["--veth", "--private-folders", "--"]] {
        let words: Vec<&str> = options.iter().chain(&nested).chain(&count).copied().collect();
        let processes: u32 = printed(&words).parse().unwrap();
        assert!(processes <= 4, "{processes} processes, and the shell and its pipe were started");
    }
    assert_eq!(printed(&["--", cargo_bin!("netns-run"), "--", "echo", "inside of both"]), "inside of both");
}

/// A test of a user's suite, for the test below.
#[netns_test]
fn the_server_answers(net: Pair) -> TestResult {
    net.client.ping(&net.server).run()?.expect_all()?;
    Ok(())
}

/// The number of tests is the control: a suite that finds no test passes too.
#[test]
fn a_suite_passes_inside_without_cargo_and_without_any_variable() {
    let empty = tempfile::tempdir().unwrap();
    let suite = std::env::current_exe().unwrap();
    let mut netns_run = Command::new(cargo_bin!("netns-run"));
    netns_run
        .env_clear()
        .current_dir(empty.path())
        .args(["--deadline", "60s", "--"])
        .arg(suite)
        .args(["--exact", "the_server_answers"]);
    // netns-lint: allow(unbounded-wait) the program has a deadline of its own
    let ended = netns_run.output().unwrap();
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && printed.contains("test result: ok. 1 passed;"), "{printed}");
}

/// Refuses as a test does there.
#[netns_test(deadline = "5m")]
fn a_machine_without_proc_is_refused_with_its_code() -> TestResult {
    let calls = [(&["--", "true"][..], 125), (&["doctor"], 1)];
    let netns_run = |arguments: &[&str]| Command::new(cargo_bin!("netns-run")).args(arguments).output();
    for (arguments, _) in calls {
        assert_eq!(netns_run(arguments)?.status.code(), Some(0), "the control: {arguments:?}");
    }
    mount(Some("tmpfs"), "/proc", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    for (arguments, status) in calls {
        let ended = netns_run(arguments)?;
        let printed = String::from_utf8([ended.stdout, ended.stderr].concat())?;
        assert_eq!(ended.status.code(), Some(status), "{arguments:?}: {printed}");
        for text in [
            "refuses to isolate",
            "/proc is read-only, masked or not mounted",
            "netns-run explain NT207, netns-run doctor",
        ] {
            assert!(printed.contains(text), "{text:?} is not in: {printed}");
        }
    }
    Ok(())
}

#[test]
fn the_home_of_root_inside_is_the_callers() {
    let home = tempfile::tempdir().unwrap();
    let shown = home.path().to_str().unwrap();
    let root = nix::unistd::User::from_uid(0.into()).unwrap().expect("every machine has root").dir;
    let identity = |folder: &Path| {
        let metadata = fs::metadata(folder).unwrap();
        format!("{}:{}", metadata.dev(), metadata.ino())
    };
    let inside = |options: &[&str]| {
        // A shell expands `~root` by the list of users.
        let mut asked = netns_run(&[options, &["--", "sh", "-c", "stat -c %d:%i ~root && echo $HOME"]].concat());
        let asked = asked.env("HOME", shown).output().unwrap();
        String::from_utf8(asked.stdout).unwrap().trim_end().to_owned()
    };
    assert_eq!(inside(&["--as", "caller"]), format!("{}\n{shown}", identity(&root)), "the control");
    if access(&root, AccessFlags::X_OK).is_ok() {
        assert_eq!(inside(&[]), format!("{}\n{shown}", identity(&root)), "a home that is open stays");
        return skip("requires a caller to whom the home of root is closed: the rest was not tried");
    }
    assert_eq!(inside(&[]), format!("{}\n{shown}", identity(home.path())));
    // Without a home of the caller's, and with the root folder as one, nothing is covered.
    for odd in ["", "relative", "/nonexistent", "/"] {
        let asked =
            netns_run(&["--", "stat", "-c", "%d:%i", root.to_str().unwrap()]).env("HOME", odd).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&asked.stdout).trim_end(), identity(&root), "HOME={odd}");
    }
}

/// The rows of the table in docs/netns-run.md: the option is needed, and with it the daemon runs.
#[test]
fn a_daemon_writes_its_leases_in_a_private_folder() {
    if !is_here("dnsmasq") {
        return;
    }
    if !Path::new("/var/lib/misc").is_dir() {
        return skip("requires the folder /var/lib/misc");
    }
    let dnsmasq = [
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--port=0",
        "--log-facility=-",
        "--dhcp-range=198.18.0.50,198.18.0.60",
    ];
    let run = |options: &[&str]| {
        let words: Vec<&str> =
            options.iter().chain(&["--veth", "--deadline", "3s", "--"]).chain(&dnsmasq).copied().collect();
        ended(&words)
    };
    for options in [&["--private", "/var/lib/misc"][..], &["--private-folders"]] {
        let runs = run(options);
        let printed = String::from_utf8_lossy(&runs.stderr).into_owned();
        assert!(
            runs.status.code() == Some(124) && printed.contains("DHCP, IP range 198.18.0.50"),
            "{options:?}: {printed}"
        );
    }
    if !geteuid().is_root() {
        let refused = run(&[]);
        let printed = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(refused.status.code() != Some(124) && printed.contains("dnsmasq.leases"), "{printed}");
    }
}

#[test]
fn a_network_namespace_has_a_name_inside() {
    // netns-lint: allow(unclaimed-name) the name is in the mount namespace of netns-run, which this test shows
    assert!(printed(&["--", "sh", "-c", "ip netns add a && ip netns"]).starts_with('a'));
    assert!(!Path::new("/run/netns/a").exists());
}

/// Debian's tcpdump becomes its own user before it reads packets.
#[test]
fn tcpdump_reads_packets() {
    if !is_here("tcpdump") || !is_here("ping") {
        return;
    }
    // The capture may begin between a request and its reply.
    let capture = "tcpdump -lnni lo -c 1 'icmp[icmptype] == icmp-echo' 2>&1";
    let script = format!("{capture} & while kill -0 $! 2>/dev/null; do ping -c 1 127.0.0.1 >/dev/null; done; wait $!");
    let options: &[&str] = if geteuid().is_root() { &[] } else { &["--as", "caller", "--capabilities", "net_raw"] };
    let captured = printed(&[options, &["--", "sh", "-c", &script]].concat());
    assert!(captured.contains("ICMP echo request"), "{captured}");
}
