//! The effect of a command's settings: program, arguments, environment, folder, descriptors, network; and the refused settings.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use netns_fixtures::prelude::*;
use netns_fixtures::process::{Command, Exit, ProcessError, Stdio};
use netns_fixtures::{Error, KernelError};
use tempfile::TempDir;

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

fn program(folder: &TempDir, name: &str, content: &[u8], mode: u32) -> TestResult<PathBuf> {
    let path = folder.path().join(name);
    fs::write(&path, content)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    Ok(path)
}

#[netns_test]
fn the_program_gets_its_arguments_as_they_are(own: Namespace) -> TestResult {
    let arguments = ["", " ", "a b", "$HOME", "`id`", "*", "'\"\\", "ä\n", "--"];
    let output = own.command(*SUBJECT).arg("show-arguments").args(arguments).output()?.success()?;
    let expected = [&[*SUBJECT, "show-arguments"][..], &arguments[..]].concat().join("\0");
    assert_eq!(output.stdout.text().strip_suffix('\0'), Some(expected.as_str()));
    let output = own.command("readlink").arg("/proc/self/exe").output()?.success()?;
    assert_eq!(output.stdout.text().trim_end(), fs::canonicalize("/usr/bin/readlink")?.to_string_lossy());
    Ok(())
}

#[netns_test]
fn the_environment_is_empty_but_for_what_is_named(own: Namespace) -> TestResult {
    // Without a variable, an inherited environment would look empty too.
    let (name, value) = std::env::vars().find(|(name, _)| name.len() > 1).ok_or("the test's environment is empty")?;
    let environment = |command: &mut Command| -> TestResult<String> {
        Ok(command.arg("/proc/self/environ").output()?.success()?.stdout.text().into_owned())
    };
    assert_eq!(environment(&mut own.command("cat"))?, "");
    let mut named = own.command("cat");
    named.env("_", "2=2").envs([("A", ""), ("_", "3")]).inherit_env([name.as_str(), "NO_SUCH_VARIABLE"]);
    let environment = environment(&mut named)?;
    let expected = BTreeSet::from(["A=".to_owned(), "_=3".to_owned(), format!("{name}={value}")]);
    assert_eq!(environment.trim_end_matches('\0').split('\0').map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    Ok(())
}

#[netns_test]
#[ignore = "run by the test below"]
fn an_instrumented_program_runs(own: Namespace) -> TestResult {
    own.command(std::env::var("INSTRUMENTED")?).output()?.checked()?;
    let other = own.command("env").env("LLVM_PROFILE_FILE", "chosen").output()?.checked()?;
    assert_eq!(other.stdout.text(), "LLVM_PROFILE_FILE=chosen\n", "what the test sets is stronger");
    Ok(())
}

/// A run that measures coverage finds the profiles of programs that tests start, without a setting in the tests.
#[test]
fn the_profile_of_a_program_is_where_the_run_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let (source, program) = (folder.path().join("program.rs"), folder.path().join("program"));
    fs::write(&source, "fn main() {}").unwrap();
    let mut rustc = std::process::Command::new("rustc");
    let built =
        rustc.args(["-C", "instrument-coverage", "-o"]).arg(&program).arg(&source).current_dir(&folder).output();
    if !built.is_ok_and(|built| built.status.success()) {
        return netns_tests::witness::skip("requires rustc with its profiler");
    }
    let profiles = folder.path().join("profiles");
    let mut libtest = std::process::Command::new(std::env::current_exe().unwrap());
    libtest.args(["--ignored", "--exact", "an_instrumented_program_runs"]).env("INSTRUMENTED", &program);
    libtest.env("LLVM_PROFILE_FILE", profiles.join("%p-%m.profraw")).current_dir(&folder);
    let ended = libtest.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    assert_eq!(fs::read_dir(&profiles).map_or(0, Iterator::count), 1, "of the program");
}

#[netns_test]
fn path_has_no_say_in_which_program_it_is(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    program(&folder, "sleep", b"#!/bin/cat\nmine\n", 0o755)?;
    let path = format!("PATH={}", folder.path().display());
    // The control: a search in `PATH` finds the other program.
    let by_path = own.command("env").args([path.as_str(), "sleep", "0"]).output()?;
    assert_eq!(by_path.stdout.text(), "#!/bin/cat\nmine\n", "{by_path:?}");
    let output = own.command("sleep").env("PATH", folder.path()).arg("0").output()?.success()?;
    assert_eq!(output.stdout.text(), "");
    Ok(())
}

#[netns_test]
fn a_missing_program_is_told_with_the_folders_that_were_searched(own: Namespace) {
    let error = own.command("no-such-daemon").spawn().unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(ProcessError::ProgramNotFound { .. })), "{error:?}");
    let text = format!("{error:#}");
    for part in ["\"no-such-daemon\"", "/usr/sbin, /usr/bin", "NETNS_TEST_PROGRAM_FOLDERS"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let error = format!("{:#}", own.command("/no/such/daemon").spawn().unwrap_err());
    assert_eq!(error, "cannot execve /no/such/daemon: No such file or directory (os error 2)");
}

#[netns_test]
fn what_is_neither_a_name_nor_an_absolute_path_is_refused(own: Namespace) {
    for program in ["", ".", "..", "./sleep", "bin/sleep", "sleep/", "sleep 1"] {
        let error = own.command(program).arg("0").spawn().unwrap_err();
        let is_refused = matches!(
            error.downcast_ref(),
            Some(ProcessError::InvalidCommand { .. } | ProcessError::ProgramNotFound { .. })
        );
        assert!(is_refused, "{program:?}: {error:?}");
    }
    // The control: the name alone is accepted.
    assert!(own.command("sleep").arg("0").status().is_ok());
}

#[netns_test]
fn a_file_that_is_no_program_is_told_by_its_cause(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let subject = fs::read(*SUBJECT)?;
    let mut foreign = subject[..4096].to_vec();
    // e_machine of elf(5): S/390, on which nobody runs these tests.
    foreign[18..20].copy_from_slice(&22_u16.to_le_bytes());
    let rows = [
        (program(&folder, "plain", b"sleep 1\n", 0o755)?, libc_errno("ENOEXEC"), "does not begin with `#!`"),
        (program(&folder, "foreign", &foreign, 0o755)?, libc_errno("ENOEXEC"), "ELF program for s390"),
        (program(&folder, "locked", &subject, 0o644)?, libc_errno("EACCES"), "not executable"),
        (program(&folder, "lost", b"#!/no/such/interpreter\n", 0o755)?, libc_errno("ENOENT"), "interpreter"),
        (folder.path().to_owned(), libc_errno("EACCES"), "it is a folder"),
    ];
    for (path, errno, help) in rows {
        let error = own.command(&path).spawn().unwrap_err();
        assert!(format!("{error:#}").contains(help), "{}: {error}", path.display());
        let Some(KernelError { operation: "execve", source, .. }) = error.downcast_ref() else { panic!("{error:?}") };
        assert_eq!(source.raw_os_error(), Some(errno), "{}", path.display());
    }
    let copy = program(&folder, "whole", &subject, 0o755)?;
    assert_eq!(own.command(copy).args(["exit", "0"]).status()?, Exit::Code(0), "the control");
    Ok(())
}

fn libc_errno(name: &str) -> i32 {
    use nix::errno::Errno;
    match name {
        "ENOEXEC" => Errno::ENOEXEC as i32,
        "EACCES" => Errno::EACCES as i32,
        "ENOENT" => Errno::ENOENT as i32,
        other => panic!("{other}"),
    }
}

#[netns_test]
fn a_nul_byte_anywhere_is_refused(own: Namespace) {
    type Case = fn(&Namespace, &OsStr) -> Error;
    let with_nul = OsStr::from_bytes(b"a\0b");
    let cases: [(&str, Case); 8] = [
        ("the program", |own, nul| own.command(nul).spawn().unwrap_err()),
        ("the argument", |own, nul| own.command("true").arg(nul).spawn().unwrap_err()),
        ("the operand", |own, nul| own.command("true").operand(nul).spawn().unwrap_err()),
        ("the option's value", |own, nul| own.command("true").option("-o", nul).spawn().unwrap_err()),
        ("the option", |own, nul| own.command("true").option(nul, "1").spawn().unwrap_err()),
        ("the variable", |own, nul| own.command("true").env("A", nul).spawn().unwrap_err()),
        ("the variable", |own, nul| own.command("true").env(nul, "1").spawn().unwrap_err()),
        ("the working folder", |own, nul| own.command("true").current_dir(nul).spawn().unwrap_err()),
    ];
    for (expected, case) in cases {
        let error = case(&own, with_nul);
        let Some(ProcessError::InvalidCommand { part, .. }) = error.downcast_ref() else {
            panic!("{expected}: {error:?}")
        };
        assert_eq!(*part, expected);
        assert!(format!("{error:#}").contains("NUL") || expected == "the option", "{error}");
    }
}

#[netns_test]
fn the_first_thing_that_was_refused_is_told_each_time(own: Namespace) {
    let mut command = own.command("true");
    command.operand("-v").option("verbose", "1");
    for _ in 0..2 {
        let error = format!("{:#}", command.spawn().unwrap_err());
        assert!(error.contains("the operand \"-v\": it would be read as an option"), "{error}");
    }
}

#[netns_test]
fn a_list_of_arguments_that_is_too_long_is_told(own: Namespace) {
    let error = own.command("true").arg("x".repeat(1 << 20)).spawn().unwrap_err();
    assert!(format!("{error:#}").contains("hand large inputs over in a file"), "{error}");
    let Some(KernelError { source, .. }) = error.downcast_ref() else { panic!("{error:?}") };
    assert_eq!(source.raw_os_error(), Some(nix::errno::Errno::E2BIG as i32));
    assert!(own.command("true").arg("x".repeat(1 << 10)).status().is_ok(), "the control");
}

#[netns_test]
fn the_working_folder_is_what_was_asked_for_and_a_missing_one_is_told(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let there = own.command("readlink").operand("/proc/self/cwd").current_dir(folder.path()).output()?.success()?;
    assert_eq!(there.stdout.text().trim_end(), fs::canonicalize(folder.path())?.to_string_lossy());
    let gone = folder.path().join("gone");
    let error = format!("{:#}", own.command("true").current_dir(&gone).spawn().unwrap_err());
    assert!(error.starts_with("cannot chdir for /usr/bin/true: No such file or directory"), "{error}");
    assert!(error.ends_with(&format!("; its working folder is {}", gone.display())), "{error}");
    Ok(())
}

#[netns_test]
fn no_descriptor_comes_along_but_those_that_are_passed(own: Namespace) -> TestResult {
    let held = fs::File::open("/proc/self/status")?;
    // The control: the child would inherit this descriptor if it inherited any.
    nix::fcntl::fcntl(&held, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty()))?;
    let listed = |command: &mut Command| -> TestResult<BTreeSet<String>> {
        let output = command.arg("show-descriptors").output()?.success()?;
        let numbers =
            output.stdout.text().lines().map(|line| line.split(' ').next().unwrap_or("").to_owned()).collect();
        Ok(numbers)
    };
    let standard = BTreeSet::from(["0", "1", "2"].map(str::to_owned));
    assert_eq!(listed(&mut own.command(*SUBJECT))?, standard);
    let passed = listed(own.command(*SUBJECT).pass_fd("status", held).pass_fd("own", fs::File::open("/")?))?;
    assert_eq!(passed, BTreeSet::from(["0", "1", "2", "3", "4"].map(str::to_owned)));
    Ok(())
}

#[netns_test]
fn a_listening_socket_is_handed_over_as_systemd_does(own: Namespace) -> TestResult {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 80))?;
    let mut child = own
        .command(*SUBJECT)
        .args(["answer-on-descriptor", "3"])
        .env("LISTEN_PID", "1")
        .pass_fd("http", listener)
        .spawn()?;
    let mut answer = String::new();
    TcpStream::connect((Ipv4Addr::LOCALHOST, 80))?.read_to_string(&mut answer)?;
    assert_eq!(answer, "1 http true");
    assert_eq!(child.wait()?, Exit::Code(0));
    let mut command = own.command("env");
    command.env("LISTEN_ADDRESS", "::").env("LISTEN_FDS", "7").pass_fd("x", fs::File::open("/")?);
    let variables = command.output()?.stdout.text().into_owned();
    let names: BTreeSet<_> = variables.lines().filter(|line| !line.starts_with("LISTEN_PID=")).collect();
    assert_eq!(names, BTreeSet::from(["LISTEN_ADDRESS=::", "LISTEN_FDNAMES=x", "LISTEN_FDS=1"]));
    for name in ["", "a:b", "a b", "ä", &"x".repeat(256)] {
        let error = own.command(*SUBJECT).pass_fd(name, fs::File::open("/")?).spawn().unwrap_err();
        assert!(
            matches!(error.downcast_ref(), Some(ProcessError::InvalidCommand { part: "the descriptor's name", .. })),
            "{name:?}: {error:?}"
        );
    }
    Ok(())
}

#[netns_test]
fn the_standard_streams_go_where_they_are_connected(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let [input, output] = ["input", "output"].map(|name| folder.path().join(name));
    fs::write(&input, "from a file")?;
    own.command("cat").stdin(fs::File::open(&input)?).stdout(fs::File::create(&output)?).output()?.success()?;
    assert_eq!(fs::read_to_string(&output)?, "from a file");
    let nothing = own.command("cat").output()?.success()?;
    assert_eq!(nothing.stdout.bytes, b"", "standard input is empty unless it is connected");
    let unseen = own.command("echo").arg("unseen").stdout(Stdio::null()).output()?.success()?;
    assert_eq!(unseen.stdout.bytes, b"");
    let to_error = own.command("ls").arg("/no/such/file").output()?;
    assert!(to_error.stdout.bytes.is_empty() && to_error.stderr.text().contains("/no/such/file"), "{to_error:?}");
    Ok(())
}

#[netns_test]
fn signals_have_their_default_action_and_none_is_blocked(own: Namespace) -> TestResult {
    let mut all = nix::sys::signal::SigSet::all();
    all.remove(nix::sys::signal::Signal::SIGCHLD);
    let status = std::thread::spawn(move || -> TestResult<String> {
        all.thread_block()?;
        Ok(own.command("cat").arg("/proc/self/status").output()?.stdout.text().into_owned())
    });
    let status = status.join().expect("the thread does not panic")?;
    for field in ["SigBlk:\t", "SigIgn:\t", "SigCgt:\t"] {
        assert!(status.contains(&format!("{field}{:016x}\n", 0)), "{field} in {status}");
    }
    Ok(())
}

#[netns_test]
fn a_command_runs_in_the_namespace_that_it_was_made_in(own: Namespace) -> TestResult {
    let elsewhere = std::thread::spawn(|| -> TestResult<Namespace> {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET)?;
        Ok(Namespace::current()?)
    });
    let elsewhere = elsewhere.join().expect("the thread does not panic")?;
    assert_ne!(elsewhere.inode(), own.inode());
    for namespace in [&elsewhere, &own] {
        let output = namespace.command("readlink").operand("/proc/self/ns/net").output()?.success()?;
        assert_eq!(output.stdout.text().trim_end(), format!("net:[{}]", namespace.inode()));
    }
    assert_eq!(Namespace::current()?.inode(), own.inode(), "the test itself has not moved");
    Ok(())
}
