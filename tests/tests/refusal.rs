//! If isolation is refused, the test fails with cause and remedy: this test's own namespaces represent each machine.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use landlock::{ABI, Access, AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr};
use netns_fixtures::prelude::*;
use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{chdir, chroot};
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, apply_filter,
};

/// Runs one ordinary test of the suite, expects it to fail, and returns its report.
fn refused(libtest: Command) -> TestResult<String> {
    refused_test(libtest, "passes_and_is_not_kept")
}

fn refused_test(mut libtest: Command, name: &str) -> TestResult<String> {
    let ended = libtest.args(["--exact", name]).output()?;
    let printed = String::from_utf8(ended.stdout)?;
    let report = of_libtest(&printed);
    let told = report.get(name).ok_or(printed)?;
    assert_eq!(told.outcome, Outcome::Failed, "it ran where it should have been refused");
    Ok(told.text.clone())
}

/// The control of every test here: without the obstacle, the same run passes.
fn passes(suite: &Suite) -> TestResult {
    let ended = suite.libtest(User::Caller)?.args(["--exact", "passes_and_is_not_kept"]).output()?;
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    Ok(())
}

fn says(report: &str, texts: &[&str]) {
    for text in texts {
        assert!(report.contains(text), "{text:?} is not in:\n{report}");
    }
}

/// Installs a seccomp filter with this action for these system calls, which libc numbers.
fn filter(calls: &[(i64, Vec<SeccompRule>)], action: SeccompAction) -> TestResult {
    let rules: BTreeMap<i64, Vec<SeccompRule>> = calls.iter().cloned().collect();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, std::env::consts::ARCH.try_into()?)?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    apply_filter(&program)?;
    Ok(())
}

/// Applies Docker's default profile for a process without CAP_SYS_ADMIN: `clone3` does not exist, because a filter cannot read its flags,
/// and `clone` and `unshare` with a namespace are not permitted.
#[netns_test(deadline = "5m")]
fn a_seccomp_filter_of_a_container() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    let new_user_namespace = u64::from(nix::libc::CLONE_NEWUSER.cast_unsigned());
    let with_namespace = |argument| {
        SeccompRule::new(vec![SeccompCondition::new(
            argument,
            SeccompCmpArgLen::Qword,
            SeccompCmpOp::MaskedEq(new_user_namespace),
            new_user_namespace,
        )?])
    };
    filter(
        &[(nix::libc::SYS_clone, vec![with_namespace(0)?]), (nix::libc::SYS_unshare, vec![with_namespace(0)?])],
        SeccompAction::Errno(nix::libc::EPERM.cast_unsigned()),
    )?;
    filter(&[(nix::libc::SYS_clone3, vec![])], SeccompAction::Errno(nix::libc::ENOSYS.cast_unsigned()))?;
    // Without capabilities, as in a container: root works without the user namespace.
    let report = refused(without_capabilities(&suite)?)?;
    says(&report, &["refuses to isolate", "EPERM", "seccomp filter", "--security-opt seccomp=unconfined"]);
    Ok(())
}

/// Returns the suite's binary, run as root without capabilities. `setpriv` comes with `nsenter`, in util-linux.
fn without_capabilities(suite: &Suite) -> TestResult<Command> {
    let libtest = suite.libtest(User::Caller)?;
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-all", "--"]).arg(libtest.get_program()).current_dir("/");
    for (name, _) in libtest.get_envs().filter(|(_, value)| value.is_none()) {
        command.env_remove(name);
    }
    Ok(command)
}

#[netns_test(deadline = "5m")]
fn user_namespaces_that_are_switched_off() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    fs::write("/proc/sys/user/max_user_namespaces", "0")?;
    let report = refused(without_capabilities(&suite)?)?;
    says(
        &report,
        &["refuses to isolate", "ENOSPC", "user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces"],
    );
    Ok(())
}

/// Not a refusal: a process that may create the other five namespaces works without the sixth.
#[netns_test(deadline = "5m")]
fn root_does_without_user_namespaces() -> TestResult {
    let suite = Suite::build("observed")?;
    fs::write("/proc/sys/user/max_user_namespaces", "0")?;
    passes(&suite)?;
    let ended = suite.libtest(User::Caller)?.args(["--exact", "--nocapture", "tells_where_it_is"]).output()?;
    let printed = String::from_utf8(ended.stdout)?;
    for kind in ["net", "mnt", "pid", "ipc", "uts"] {
        let ours = fs::read_link(format!("/proc/self/ns/{kind}"))?.display().to_string();
        assert!(printed.contains(&format!("{kind}:[")) && !printed.contains(&ours), "{kind}: {ours} in\n{printed}");
    }
    let user = fs::read_link("/proc/self/ns/user")?.display().to_string();
    assert!(printed.contains(&user), "the control: {user} is the same, in\n{printed}");
    Ok(())
}

#[netns_test(deadline = "5m")]
fn network_namespaces_that_are_switched_off() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    fs::write("/proc/sys/user/max_net_namespaces", "0")?;
    let report = refused(suite.libtest(User::Caller)?)?;
    says(&report, &["refuses to isolate", "ENOSPC", "user.max_net_namespaces is 0"]);
    Ok(())
}

/// The test waits for the limit, and the report names it.
#[netns_test(deadline = "5m")]
fn a_limit_that_is_reached() -> TestResult {
    let suite = Suite::build("observed")?;
    // This test's own namespace, and one more.
    fs::write("/proc/sys/user/max_net_namespaces", "2")?;
    // A descriptor holds that one, as another process's test would.
    let held = thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET)?;
        fs::File::open("/proc/thread-self/ns/net")
    });
    let held = held.join().map_err(|_| "the thread panicked")??;
    let mut libtest = suite.libtest(User::Caller)?;
    libtest.env("NETNS_TEST_DEADLINE", "1s");
    let report = refused(libtest)?;
    says(&report, &["refuses to isolate", "ENOSPC", "a limit on namespaces is reached", "user.max_net_namespaces=2"]);
    says(&report, &["fewer tests at once", "a higher limit"]);
    drop(held);
    passes(&suite)
}

/// Not a refusal: the limit has room for the running test and its hosts. A child that was prepared ahead would take a place of theirs.
#[netns_test(deadline = "5m")]
fn a_limit_without_room_for_children_that_wait() -> TestResult {
    let suite = Suite::build("observed")?;
    let after_another_test = ["--include-ignored", "--test-threads=1", "passes_and_is_not_kept", "takes_two_hosts"];
    // This test's own namespace, the suite's running test, and its two hosts.
    fs::write("/proc/sys/user/max_net_namespaces", "4")?;
    let ended = suite.libtest(User::Caller)?.args(after_another_test).output()?;
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && printed.contains("2 passed"), "{printed}");
    // The control: with less, the hosts are refused.
    fs::write("/proc/sys/user/max_net_namespaces", "3")?;
    let ended = suite.libtest(User::Caller)?.env("NETNS_TEST_DEADLINE", "5s").args(after_another_test).output()?;
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert!(!ended.status.success() && printed.contains("1 passed; 1 failed"), "{printed}");
    Ok(())
}

#[netns_test(deadline = "5m")]
fn a_proc_that_is_masked() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    // Container runtimes hide files in this way.
    mount(Some("/dev/null"), "/proc/version", None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
    let report = refused(suite.libtest(User::Caller)?)?;
    says(&report, &["refuses to isolate", "mount /proc", "EPERM", "masked or read-only", "systempaths=unconfined"]);
    Ok(())
}

#[netns_test(deadline = "5m")]
fn a_proc_that_is_read_only() -> TestResult {
    let (suite, requiring) = (Suite::build("observed")?, Suite::build("requiring")?);
    passes(&suite)?;
    let read_only = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(None::<&str>, "/proc", None::<&str>, read_only, None::<&str>)?;
    let report = refused(suite.libtest(User::Caller)?)?;
    says(&report, &["refuses to isolate", "/proc/self/setgroups", "EROFS", "read-only", "systempaths=unconfined"]);
    // A requirement is tried in isolation: the machine is the cause here, and not the requirement.
    let report = refused_test(requiring.libtest(User::Caller)?, "met_everywhere")?;
    says(&report, &["`met_everywhere` failed: this machine refuses to isolate"]);
    Ok(())
}

/// As in containers: a new /proc must not show what the old /proc hides, so the kernel refuses to mount one.
#[netns_test(deadline = "5m")]
fn a_proc_sys_that_is_read_only() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    mount(Some("/proc/sys"), "/proc/sys", None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
    let read_only = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mount(None::<&str>, "/proc/sys", None::<&str>, read_only, None::<&str>)?;
    let report = refused(suite.libtest(User::Caller)?)?;
    says(&report, &["refuses to isolate", "mount /proc", "EPERM", "masked or read-only", "systempaths=unconfined"]);
    Ok(())
}

/// `/proc` is an empty folder, as in a folder for chroot that nobody has prepared.
#[netns_test(deadline = "5m")]
fn no_proc() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    let libtest = suite.libtest(User::Caller)?;
    mount(Some("tmpfs"), "/proc", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    assert_eq!(fs::read_dir("/proc")?.count(), 0);
    let report = refused(libtest)?;
    says(
        &report,
        &[
            "refuses to isolate",
            "ENOENT",
            "/proc is read-only, masked or not mounted",
            "explain NT207, netns-run doctor",
        ],
    );
    Ok(())
}

#[netns_test(deadline = "5m")]
fn no_null_device() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    mount(Some("tmpfs"), "/dev", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    let mut libtest = suite.libtest(User::Caller)?;
    // Without this setting, the test itself would open the device for standard input.
    libtest.stdin(Stdio::piped());
    let report = refused(libtest)?;
    says(&report, &["the zygote could not be started: open /dev/null: No such file or directory (ENOENT)"]);
    Ok(())
}

/// Not a refusal, but a visible skip: the test's requirement is missing.
#[netns_test(deadline = "5m")]
fn no_device_for_tunnels() -> TestResult {
    let suite = Suite::build("requiring")?;
    if fs::exists("/dev/net")? {
        mount(Some("tmpfs"), "/dev/net", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    }
    let mut libtest = suite.libtest(User::Caller)?;
    let ended = libtest.args(["--exact", "tun::is_met", "met_everywhere", "--nocapture"]).output()?;
    assert!(ended.status.success(), "{ended:?}");
    let told = String::from_utf8_lossy(&ended.stderr);
    says(&told, &["skipped: tun::is_met: requires tun"]);
    assert!(!told.contains("met_everywhere"), "the control: {told}");
    assert!(String::from_utf8_lossy(&ended.stdout).contains("ran: met_everywhere"), "the control: {ended:?}");
    Ok(())
}

/// Not a refusal: a test needs no terminal.
#[netns_test(deadline = "5m")]
fn no_terminals() -> TestResult {
    let suite = Suite::build("observed")?;
    let has_terminals =
        || Ok::<_, std::io::Error>(fs::exists("/dev/ptmx")? && fs::read_dir("/dev/pts")?.next().is_some());
    let before = has_terminals()?;
    if fs::exists("/dev/pts")? {
        mount(Some("tmpfs"), "/dev/pts", Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    }
    assert!(!has_terminals()?, "there are terminals, as there were before: {before}");
    passes(&suite)
}

/// A process that Landlock confines cannot mount, whatever files it may use; source: landlock(7).
#[netns_test(requires(landlock), deadline = "5m")]
fn a_sandbox_by_landlock() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    let libtest = suite.libtest(User::Caller)?;
    let all = AccessFs::from_all(ABI::V1);
    let rules = Ruleset::default().handle_access(all)?.create()?;
    rules.add_rule(PathBeneath::new(PathFd::new("/")?, all))?.restrict_self()?;
    let report = refused(libtest)?;
    says(
        &report,
        &["refuses to isolate", "make every mount private", "EPERM", "a sandbox around the tests", "Landlock"],
    );
    Ok(())
}

#[netns_test(deadline = "5m")]
fn a_chroot() -> TestResult {
    let suite = Suite::build("observed")?;
    passes(&suite)?;
    // This folder is not a mount point: it shows everything of the machine. It lies in memory, in this test's own mounts, and nobody
    // removes it: a removal would also remove the files mounted in it. A machine may lack `/run`.
    let memory = ["/run", "/mnt"].into_iter().map(Path::new).find(|folder| folder.is_dir()).ok_or("no folder")?;
    mount(Some("tmpfs"), memory, Some("tmpfs"), MsFlags::empty(), None::<&str>)?;
    let folder = &memory.join("elsewhere");
    fs::create_dir(folder)?;
    for entry in fs::read_dir("/")? {
        let entry = entry?;
        if entry.path() == memory {
            continue;
        }
        let shown = folder.join(entry.file_name());
        if entry.file_type()?.is_symlink() {
            symlink(fs::read_link(entry.path())?, shown)?;
        } else if entry.file_type()?.is_dir() {
            fs::create_dir(&shown)?;
            let recursively = MsFlags::MS_BIND | MsFlags::MS_REC;
            mount(Some(&entry.path()), &shown, None::<&str>, recursively, None::<&str>)?;
        }
    }
    let libtest = without_capabilities(&suite)?;
    chroot(folder)?;
    chdir("/")?;
    let report = refused(libtest)?;
    says(&report, &["refuses to isolate", "EPERM", "the process is in a chroot", "pivot_root"]);
    Ok(())
}
