//! Permissions of children: no capabilities by default, and resource limits.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::LazyLock;

use netns_fixtures::KernelError;
use netns_fixtures::prelude::*;
use netns_fixtures::process::{Capability, Command, Exit, Limit, Signal};
use netns_fixtures::requirements::require_program;
use netns_tests::suite::NOBODY;
use netns_tests::witness;

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

/// The state of a process as the kernel shows it.
struct Shown(String);

impl Shown {
    fn of(command: &mut Command) -> TestResult<Self> {
        Ok(Self(
            command.args(["/proc/self/status", "/proc/self/limits"]).output()?.success()?.stdout.text().into_owned(),
        ))
    }

    fn field(&self, name: &str) -> &str {
        self.0.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim)
    }

    /// Returns the five sets: inheritable, permitted, effective, bounding, ambient.
    fn capabilities(&self) -> [u64; 5] {
        ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"]
            .map(|set| u64::from_str_radix(self.field(set), 16).expect("a set is hexadecimal"))
    }

    /// Returns the soft and the hard limit.
    fn limit(&self, name: &str) -> Vec<&str> {
        self.field(name).split_whitespace().take(2).collect()
    }
}

fn own_status() -> TestResult<Shown> {
    Ok(Shown(fs::read_to_string("/proc/thread-self/status")? + &fs::read_to_string("/proc/self/limits")?))
}

#[netns_test]
fn a_child_has_no_capability_and_can_gain_none(own: Namespace) -> TestResult {
    let test = own_status()?;
    assert!(test.capabilities()[2] != 0 && test.field("NoNewPrivs:") == "0", "the control: the test has them");
    let child = Shown::of(&mut own.command("cat"))?;
    assert_eq!(child.capabilities(), [0; 5]);
    assert_eq!(child.field("NoNewPrivs:"), "1");
    assert_eq!(own_status()?.capabilities(), test.capabilities(), "the test has kept its own");
    Ok(())
}

#[netns_test]
fn a_capability_that_is_kept_is_in_every_set_and_no_other_is(own: Namespace) -> TestResult {
    let child = Shown::of(own.command("cat").keep_capabilities([Capability::NET_RAW, Capability::CHOWN]))?;
    // Capabilities 13 and 0 of linux/capability.h.
    assert_eq!(child.capabilities(), [1 << 13 | 1; 5]);
    assert_eq!(child.field("NoNewPrivs:"), "1");
    Ok(())
}

#[netns_test]
fn a_kept_capability_works_and_one_that_is_not_kept_does_not(own: Namespace) -> TestResult {
    require_program("ip")?;
    let add = |command: &mut Command| -> TestResult<Exit> {
        Ok(command.args(["link", "set", "lo", "mtu", "1400"]).status()?)
    };
    assert_eq!(add(&mut own.command("ip"))?, Exit::Code(2));
    assert_eq!(add(own.command("ip").keep_capabilities([Capability::NET_ADMIN]))?, Exit::Code(0));
    Ok(())
}

#[netns_test]
fn every_port_of_its_network_is_a_childs(own: Namespace) -> TestResult {
    let mut server = own.command(*SUBJECT);
    let server = server.args(["listen", "tcp", "1"]).ready_when(Ready::tcp_port(1)).spawn()?;
    let status = Shown(fs::read_to_string(format!("/proc/{}/status", server.id()))?);
    assert_eq!(status.capabilities(), [0; 5]);
    Ok(())
}

#[netns_test]
fn limits_have_their_defaults_and_what_is_asked_for(own: Namespace) -> TestResult {
    let child = Shown::of(&mut own.command("cat"))?;
    let test = own_status()?;
    let expected = |name: &str, default: u64| {
        let hard = test.limit(name)[1];
        hard.parse::<u64>().map_or(default, |hard| default.min(hard)).to_string()
    };
    for (name, default) in
        [("Max open files", 4096), ("Max core file size", 0), ("Max file size", 1 << 30), ("Max processes", 4096)]
    {
        let expected = expected(name, default);
        assert_eq!(child.limit(name), [expected.as_str(); 2], "{name}");
    }
    let asked = Shown::of(own.command("cat").limit(Limit::OpenFiles, 50).limit(Limit::OpenFiles, 100))?;
    assert_eq!(asked.limit("Max open files"), ["100"; 2]);
    assert_eq!(own_status()?.limit("Max open files"), test.limit("Max open files"));
    Ok(())
}

/// Matches the installation of `ping` on Debian: the kernel refuses to execute a file with capabilities that the process cannot get, unless
/// they are kept in the bounding set.
#[netns_test]
fn a_program_whose_file_has_capabilities_runs_without_them(own: Namespace) -> TestResult {
    const NET_RAW: u64 = 1 << 13;
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let copy = folder.path().join("cat");
    fs::copy("/bin/cat", &copy)?;
    require_program("setcap")?;
    own.command("setcap")
        .args(["cap_net_raw=ep"])
        .operand(&copy)
        .keep_capabilities([Capability::SETFCAP])
        .output()?
        .checked()?;
    let without = Shown::of(&mut own.command(&copy))?;
    assert_eq!(without.capabilities(), [0, 0, 0, NET_RAW, 0]);
    assert_eq!(without.field("NoNewPrivs:"), "1");
    let with = Shown::of(own.command(&copy).keep_capabilities([Capability::NET_RAW]))?;
    assert_eq!(with.capabilities()[1..3], [NET_RAW; 2]);
    Ok(())
}

#[netns_test]
fn a_limit_above_what_the_test_may_is_refused(own: Namespace) {
    let error = own.command("true").limit(Limit::OpenFiles, 1 << 40).spawn().unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(KernelError { operation: "setrlimit for", .. })), "{error:?}");
}

#[netns_test]
fn a_file_beyond_its_limit_ends_the_child(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("large");
    let write = |bytes: &str| {
        own.command(*SUBJECT).arg("write-file").operand(&file).arg(bytes).limit(Limit::FileBytes, 8192).status()
    };
    assert_eq!(write("8192")?, Exit::Code(0));
    assert_eq!(write("12288")?.signal(), Some(Signal::XFSZ));
    assert_eq!(fs::metadata(&file)?.len(), 8192);
    Ok(())
}

/// Copies the subject to a world-readable path: other users may lack access to the folder of the sources.
fn copy_for_others(folder: &Path, mode: u32) -> std::io::Result<PathBuf> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let copy = folder.join("subject");
    fs::copy(*SUBJECT, &copy)?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(mode))?;
    Ok(copy)
}

#[netns_test]
#[ignore = "run by `a_bomb_of_processes_meets_its_limit`"]
fn starts_a_bomb(own: Namespace) -> TestResult {
    const LIMIT: usize = 30;
    let identity = fs::read_to_string("/proc/self/uid_map")?;
    assert_ne!(identity.split_whitespace().nth(1), Some("0"), "the machine's root has no such limit");
    let subject = std::env::var("BOMB_SUBJECT")?;
    let output = own.command(subject).arg("bomb").limit(Limit::Processes, LIMIT as u64).output()?.success()?;
    let told = output.stdout.text().into_owned();
    let told: Vec<_> = told.split_whitespace().collect();
    let eagain = (nix::errno::Errno::EAGAIN as i32).to_string();
    assert_eq!(told[1..], [eagain.as_str(), "true"], "{told:?}");
    let made: usize = told[0].parse()?;
    assert!(made > 0 && made < LIMIT, "{made}");
    Ok(())
}

#[test]
fn a_bomb_of_processes_meets_its_limit() {
    let mut runner = process::Command::new("/proc/self/exe");
    runner.args(["--ignored", "--exact", "--nocapture", "starts_a_bomb"]);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    runner.env("BOMB_SUBJECT", copy_for_others(folder.path(), 0o755).expect("the subject can be copied"));
    // The other user may not be able to search the folder of this checkout for a configuration.
    runner.current_dir(folder.path()).env("CARGO_MANIFEST_DIR", folder.path());
    if nix::unistd::geteuid().is_root() {
        // The limit does not apply to the machine's root.
        runner.uid(NOBODY).gid(NOBODY);
    }
    let output = runner.output().expect("libtest starts");
    let printed = [output.stdout, output.stderr].map(|printed| String::from_utf8_lossy(&printed).into_owned());
    assert!(output.status.success() && printed[0].contains("1 passed"), "{}{}", printed[0], printed[1]);
}

/// Runs as a user other than root, in a test without isolation, because a user namespace has no second user.
#[test]
fn a_set_user_id_program_gains_nothing() {
    if !nix::unistd::geteuid().is_root() {
        witness::skip("requires root: nobody else can make a program of root's");
        return;
    }
    let folder = tempfile::tempdir().expect("there is room for a folder");
    // A set-uid program of root.
    let program = copy_for_others(folder.path(), 0o4755).expect("the subject can be copied");
    let without_us =
        process::Command::new(&program).arg("show-identity").uid(NOBODY).gid(NOBODY).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&without_us.stdout), "[Uid(65534), Uid(0)]\n", "the control: it gains root");

    let own = Namespace::current().expect("/proc is there");
    let mut through_us = own.command("setpriv");
    through_us.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).operand(&program).arg("show-identity");
    // The capabilities only serve to switch to a user other than root first.
    let output = through_us.keep_capabilities([Capability::SETUID, Capability::SETGID]).output().expect("it runs");
    assert_eq!(output.stdout.text(), "[Uid(65534), Uid(65534)]\n", "{output:?}");
}
