//! Children that are confined to some files and to some system calls, each with the control that the operation works without it.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use netns_fixtures::KernelError;
use netns_fixtures::prelude::*;
use netns_fixtures::process::{Capability, Command, Exit, FileRule};
use netns_fixtures::requirements::require_program;
use nix::mount::umount;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

/// Returns rules for the files that every dynamically linked program reads.
fn system() -> Vec<FileRule> {
    ["/usr", "/lib", "/lib64", "/bin"].into_iter().filter(|path| Path::new(path).exists()).map(FileRule::read).collect()
}

#[netns_test(requires(landlock))]
fn only_what_a_rule_names_is_reached(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let [open, closed] = ["open", "closed"].map(|name| folder.path().join(name));
    for path in [&open, &closed] {
        fs::write(path, "content")?;
    }
    let read = |path: &Path| -> TestResult<bool> {
        let mut command = own.command("cat");
        command.operand(path).landlock(system()).landlock([FileRule::read(&open)]);
        Ok(command.output()?.status.success())
    };
    assert!(read(&open)?);
    assert!(!read(&closed)?);
    assert!(own.command("cat").operand(&closed).output()?.status.success(), "the control");
    Ok(())
}

#[netns_test(requires(landlock))]
fn what_may_be_read_may_not_be_written(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let [read, write] = ["read", "write"].map(|name| folder.path().join(name));
    for path in [&read, &write] {
        fs::create_dir(path)?;
    }
    let touch = |folder: &Path| -> TestResult<Exit> {
        let mut command = own.command("touch");
        command.operand(folder.join("file")).landlock(system());
        Ok(command.landlock([FileRule::read(&read), FileRule::write(&write)]).status()?)
    };
    assert_eq!(touch(&write)?, Exit::Code(0));
    assert_eq!(touch(&read)?, Exit::Code(1));
    assert!(fs::exists(write.join("file"))? && !fs::exists(read.join("file"))?);
    Ok(())
}

#[netns_test(requires(landlock))]
fn no_rule_means_no_file_and_the_program_is_one(own: Namespace) {
    let error = own.command("true").landlock([]).spawn().unwrap_err();
    assert!(format!("{error:#}").contains("the rules of `landlock` leave the program"), "{error}");
    let Some(KernelError { operation: "execve", .. }) = error.downcast_ref() else { panic!("{error:?}") };
}

#[netns_test(requires(landlock))]
fn a_rule_for_a_file_that_is_not_there_is_an_error(own: Namespace) {
    let error = own.command("true").landlock([FileRule::read("/no/such/file")]).spawn().unwrap_err();
    assert!(format!("{error:#}").contains("open for a rule of Landlock /no/such/file"), "{error}");
}

#[netns_test(requires(landlock))]
fn what_is_open_already_stays_open(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("input");
    fs::write(&path, "handed over")?;
    let mut command = own.command("cat");
    let output = command.stdin(fs::File::open(&path)?).landlock(system()).output()?.success()?;
    assert_eq!(output.stdout.text(), "handed over");
    Ok(())
}

/// Runs with every capability of the test, so that only the filter can refuse.
fn with_privilege<'a>(command: &'a mut Command, arguments: &[&str]) -> &'a mut Command {
    command.args(arguments).keep_capabilities([Capability::SYS_ADMIN, Capability::SYS_CHROOT, Capability::NET_ADMIN])
}

#[netns_test]
fn namespaces_mounts_and_changed_roots_are_refused(own: Namespace) -> TestResult {
    let mounted_on = tempfile::tempdir()?;
    let folder = mounted_on.path().to_str().ok_or("the folder's path is text")?;
    let cases: [(&str, &[&str]); 6] = [
        ("unshare", &["--net", "true"]),
        ("unshare", &["--user", "true"]),
        ("unshare", &["--mount", "true"]),
        ("mount", &["-t", "tmpfs", "none", folder]),
        ("nsenter", &["--net=/proc/self/ns/net", "true"]),
        ("chroot", &["/", "/bin/true"]),
    ];
    for (program, arguments) in cases {
        let free = with_privilege(&mut own.command(program), arguments).output()?;
        assert!(free.status.success(), "the control: {program} {arguments:?}: {free:?}");
        let confined = with_privilege(&mut own.command(program), arguments).seccomp().output()?;
        assert!(!confined.status.success(), "{program} {arguments:?}");
        let told = confined.stderr.text().to_lowercase();
        assert!(told.contains("not permitted") || told.contains("permission denied"), "{program}: {told}");
    }
    // A mount point cannot be removed.
    umount(folder)?;
    mounted_on.close()?;
    Ok(())
}

#[netns_test]
fn threads_and_processes_are_still_made(own: Namespace) -> TestResult {
    let mut command = own.command(*SUBJECT);
    let output = command.arg("thread-and-process").seccomp().output()?.success()?;
    assert_eq!(output.stdout.text(), "a thread\na process\n");
    Ok(())
}

#[netns_test]
fn the_kernel_shows_the_filters(own: Namespace) -> TestResult {
    let field = |command: &mut Command| -> TestResult<String> {
        let status = command.arg("/proc/self/status").output()?.success()?.stdout.text().into_owned();
        Ok(status.lines().find_map(|line| line.strip_prefix("Seccomp:\t")).ok_or("no field Seccomp")?.to_owned())
    };
    assert_eq!(field(&mut own.command("cat"))?, "0");
    // 2 is SECCOMP_MODE_FILTER; source: proc_pid_status(5).
    assert_eq!(field(own.command("cat").seccomp())?, "2");
    Ok(())
}

/// Returns the number of the error with which a child fails this call, whose arguments are zeros.
fn errno_of(command: &mut Command, call: i64) -> TestResult<String> {
    command.args(["-e", &format!("$! = 0; syscall({call}, 0, 0, 0, 0, 0); print $! + 0")]);
    Ok(command.output()?.success()?.stdout.text().into_owned())
}

/// Calls that create or enter namespaces, mount, or load code into the kernel, by their names in the running kernel.
#[netns_test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn every_such_call_of_the_running_kernel_is_refused(own: Namespace) -> TestResult {
    use nix::libc;
    /// Calls of the filter whose names have one of the words.
    const REFUSED: [&str; 20] = [
        "unshare",
        "setns",
        "mount",
        "umount",
        "move_mount",
        "mount_setattr",
        "fsmount",
        "fsopen",
        "fsconfig",
        "fspick",
        "open_tree",
        "open_tree_attr",
        "pivot_root",
        "chroot",
        "bpf",
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
    ];
    /// Calls that only read, and one of 32-bit programs.
    const HARMLESS: [&str; 4] = ["statmount", "listmount", "lsm_list_modules", "oldumount"];
    const WORDS: [&str; 11] =
        ["mount", "tree", "module", "kexec", "bpf", "root", "setns", "unshare", "fsopen", "fsconfig", "fspick"];
    /// The beginning of the symbol of each call.
    const CALL: &str = if cfg!(target_arch = "x86_64") { " __x64_sys_" } else { " __arm64_sys_" };
    let symbols = fs::read_to_string("/proc/kallsyms")?;
    let calls: BTreeSet<&str> = symbols.lines().filter_map(|line| line.split(CALL).nth(1)).collect();
    assert!(calls.len() > 300 && calls.contains("mount"), "{}", calls.len());
    let known = [&REFUSED[..], &HARMLESS].concat();
    let mut unknown = calls.iter().filter(|call| WORDS.iter().any(|word| call.contains(word)));
    assert_eq!(unknown.find(|call| !known.contains(call)), None, "the filter does not know the call");
    require_program("perl")?;
    let [eperm, enosys] = [libc::EPERM, libc::ENOSYS].map(|errno| errno.to_string());
    // open_tree_attr of Linux 6.15, like the older call; the next number without a call; and a number that no kernel has.
    for (call, errno) in [(428, &eperm), (467, &eperm), (470, &enosys), (999, &enosys)] {
        assert_eq!(errno_of(own.command("perl").seccomp(), call)?, *errno, "{call}");
    }
    // The control: calls on both sides of them are the kernel's own.
    for call in [libc::SYS_getpid, 450] {
        assert_eq!(errno_of(own.command("perl").seccomp(), call)?, errno_of(&mut own.command("perl"), call)?, "{call}");
    }
    Ok(())
}

/// Each call of x86-64 has a second number if the kernel supports x32.
#[netns_test]
#[cfg(target_arch = "x86_64")]
fn a_refused_call_is_refused_by_its_second_number_too(own: Namespace) -> TestResult {
    const X32: i64 = 1 << 30;
    require_program("perl")?;
    let eperm = (nix::errno::Errno::EPERM as i32).to_string();
    for call in [X32 | nix::libc::SYS_unshare, nix::libc::SYS_kexec_file_load] {
        assert_eq!(errno_of(own.command("perl").seccomp(), call)?, eperm, "{call:#x}");
    }
    // The control: only the filter refuses the call. It has no effect, or does not exist.
    assert_ne!(errno_of(&mut own.command("perl"), X32 | nix::libc::SYS_unshare)?, eperm);
    Ok(())
}

/// A kernel without Landlock, as this process sees it.
#[netns_test]
fn without_landlock_there_is_no_child_instead_of_one_that_is_not_confined(own: Namespace) -> TestResult {
    let absent = SeccompAction::Errno(nix::libc::ENOSYS.cast_unsigned());
    let calls = [(nix::libc::SYS_landlock_create_ruleset, Vec::new())].into();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, absent, std::env::consts::ARCH.try_into()?)?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    let error = own.command("true").landlock(system()).spawn().unwrap_err();
    assert!(format!("{error:#}").contains("Landlock needs Linux 5.13"), "{error}");
    assert_eq!(own.command("true").status()?, Exit::Code(0), "the control");
    Ok(())
}
