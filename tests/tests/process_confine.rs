//! Children that are confined to some files and to some system calls, each with the control that it works without.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use netns_fixtures::Error;
use netns_fixtures::prelude::*;
use netns_fixtures::process::{Capability, Command, Exit, FileRule};
use netns_fixtures::requirements::require_program;
use nix::mount::umount;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

/// What every dynamically linked program reads.
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
        command.operand(path).confine_files(system()).confine_files([FileRule::read(&open)]);
        Ok(command.output()?.exit.success())
    };
    assert!(read(&open)?);
    assert!(!read(&closed)?);
    assert!(own.command("cat").operand(&closed).output()?.exit.success(), "the control");
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
        command.operand(folder.join("file")).confine_files(system());
        Ok(command.confine_files([FileRule::read(&read), FileRule::write(&write)]).status()?)
    };
    assert_eq!(touch(&write)?, Exit::Code(0));
    assert_eq!(touch(&read)?, Exit::Code(1));
    assert!(fs::exists(write.join("file"))? && !fs::exists(read.join("file"))?);
    Ok(())
}

#[netns_test(requires(landlock))]
fn no_rule_means_no_file_and_the_program_is_one(own: Namespace) {
    let error = own.command("true").confine_files([]).spawn().unwrap_err();
    assert!(error.to_string().contains("the rules of `confine_files` leave the program"), "{error}");
    let Error::Kernel { operation: "execve", .. } = error else { panic!("{error:?}") };
}

#[netns_test(requires(landlock))]
fn a_rule_for_a_file_that_is_not_there_is_an_error(own: Namespace) {
    let error = own.command("true").confine_files([FileRule::read("/no/such/file")]).spawn().unwrap_err();
    assert!(error.to_string().contains("open for a rule of Landlock /no/such/file"), "{error}");
}

#[netns_test(requires(landlock))]
fn what_is_open_already_stays_open(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("input");
    fs::write(&path, "handed over")?;
    let mut command = own.command("cat");
    let output = command.stdin(fs::File::open(&path)?).confine_files(system()).output()?.success()?;
    assert_eq!(output.stdout.text(), "handed over");
    Ok(())
}

/// Runs with every capability that the test has, so that only the filter is left to refuse.
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
        assert!(free.exit.success(), "the control: {program} {arguments:?}: {free:?}");
        let confined = with_privilege(&mut own.command(program), arguments).confine_calls().output()?;
        assert!(!confined.exit.success(), "{program} {arguments:?}");
        let told = confined.stderr.text().to_lowercase();
        assert!(told.contains("not permitted") || told.contains("permission denied"), "{program}: {told}");
    }
    // What is mounted on cannot be removed.
    umount(folder)?;
    mounted_on.close()?;
    Ok(())
}

#[netns_test]
fn threads_and_processes_are_still_made(own: Namespace) -> TestResult {
    let mut command = own.command(*SUBJECT);
    let output = command.arg("thread-and-process").confine_calls().output()?.success()?;
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
    assert_eq!(field(own.command("cat").confine_calls())?, "2");
    Ok(())
}

/// Each call of x86-64 has a second number, where the kernel knows x32.
#[netns_test]
#[cfg(target_arch = "x86_64")]
fn a_refused_call_is_refused_by_its_second_number_too(own: Namespace) -> TestResult {
    const X32: i64 = 1 << 30;
    require_program("perl")?;
    let errno_of = |command: &mut Command, call: i64| -> TestResult<String> {
        command.args(["-e", &format!("$! = 0; syscall({call}, 0, 0, 0, 0, 0); print $! + 0")]);
        Ok(command.output()?.success()?.stdout.text().into_owned())
    };
    let eperm = (nix::errno::Errno::EPERM as i32).to_string();
    for call in [X32 | nix::libc::SYS_unshare, nix::libc::SYS_kexec_file_load] {
        assert_eq!(errno_of(own.command("perl").confine_calls(), call)?, eperm, "{call:#x}");
    }
    // The control: nobody else refuses it. It does nothing, or there is no such call.
    assert_ne!(errno_of(&mut own.command("perl"), X32 | nix::libc::SYS_unshare)?, eperm);
    Ok(())
}

/// A kernel without Landlock, as far as this process can tell.
#[netns_test]
fn without_landlock_there_is_no_child_instead_of_one_that_is_not_confined(own: Namespace) -> TestResult {
    let absent = SeccompAction::Errno(nix::libc::ENOSYS.cast_unsigned());
    let calls = [(nix::libc::SYS_landlock_create_ruleset, Vec::new())].into();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, absent, std::env::consts::ARCH.try_into()?)?;
    seccompiler::apply_filter(&BpfProgram::try_from(filter)?)?;
    let error = own.command("true").confine_files(system()).spawn().unwrap_err();
    assert!(error.to_string().contains("Landlock needs Linux 5.13"), "{error}");
    assert_eq!(own.command("true").status()?, Exit::Code(0), "the control");
    Ok(())
}
