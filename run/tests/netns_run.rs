//! `netns-run` as its callers see it: the program's view, its end, and that nothing is left.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use calls::{ended, netns_run, printed};
use netns_fixtures::cargo_bin;
use nix::libc::SYS_ptrace;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getegid, geteuid};
use processes::{assert_are_gone, descendants};
use visibly::skip;

mod calls;
mod processes;
mod visibly;

#[test]
fn the_program_has_namespaces_of_its_own_and_nothing_but_lo_in_them() {
    for kind in ["user", "net", "mnt", "pid", "ipc", "uts"] {
        let path = format!("/proc/self/ns/{kind}");
        let own = fs::read_link(&path).unwrap().display().to_string();
        let inside = printed(&["--", "readlink", &path]);
        assert!(inside.starts_with(kind) && inside != own, "{inside} and {own}");
        assert_eq!(
            own,
            String::from_utf8(Command::new("readlink").arg(&path).output().unwrap().stdout).unwrap().trim_end(),
            "the control"
        );
    }
    let devices = printed(&["--", "cat", "/proc/net/dev"]);
    // Two lines of headings come first; source: proc_net(5).
    assert_eq!(devices.lines().count(), 3, "{devices}");
    assert!(printed(&["--", "cat", "/proc/net/if_inet6"]).ends_with("lo"), "lo is not up");
    assert_eq!(printed(&["--hostname", "elsewhere", "--", "uname", "-n"]), "elsewhere");
}

#[test]
fn a_veth_leads_to_a_neighbour() {
    let devices = printed(&["--veth", "--", "cat", "/proc/net/dev"]);
    assert!(devices.contains(" eth0:"), "{devices}");
    let routes = printed(&["--veth", "--", "cat", "/proc/net/route"]);
    // Destination 0 by a gateway: RTF_UP | RTF_GATEWAY; source: linux/route.h.
    assert!(routes.lines().any(|route| route.split_whitespace().take(4).nth(3) == Some("0003")), "{routes}");
    let variables = printed(&["--veth", "--", "env"]);
    for name in ["NETNS_RUN_IPV4=", "NETNS_RUN_IPV6=", "NETNS_RUN_PEER_IPV4=", "NETNS_RUN_PEER_IPV6="] {
        assert!(variables.lines().any(|line| line.starts_with(name)), "{name} is not in\n{variables}");
    }
    assert!(!printed(&["--", "env"]).contains("NETNS_RUN_"), "the control");
    let peer = variables.lines().find_map(|line| line.strip_prefix("NETNS_RUN_PEER_IPV4=")).unwrap().to_owned();
    if Command::new("ping").arg("-V").output().is_ok() {
        // Nothing is up yet at the other end when the program starts, or all of it is.
        assert!(printed(&["--veth", "--", "ping", "-c", "1", "-W", "2", &peer]).contains(" 0% packet loss"));
        assert!(!ended(&["--", "ping", "-c", "1", "-W", "1", &peer]).status.success(), "the control");
    }
}

#[test]
fn the_caller_is_root_or_itself_inside() {
    let (user, group) = (geteuid().to_string(), getegid().to_string());
    assert_eq!(printed(&["--", "id", "-u"]), "0");
    assert_eq!(printed(&["--as", "caller", "--", "id", "-u"]), user);
    assert_eq!(printed(&["--as", "caller", "--", "id", "-g"]), group);
    assert_eq!(printed(&["--as", "caller", "--veth", "--", "id", "-u"]), user);
}

fn effective_capabilities(arguments: &[&str]) -> u64 {
    let status = printed(&[arguments, &["--", "cat", "/proc/self/status"]].concat());
    let bits = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap().trim();
    u64::from_str_radix(bits, 16).unwrap()
}

#[test]
fn capabilities_are_those_that_were_kept() {
    let (net_admin, net_raw) = (1 << 12, 1 << 13);
    for identity in ["root", "caller"] {
        let without_option = effective_capabilities(&["--as", identity]);
        // Root has all capabilities inside, and another caller as few as outside.
        let expected = if identity == "root" || geteuid().is_root() { net_admin | net_raw } else { 0 };
        assert_eq!(without_option & (net_admin | net_raw), expected);
        assert_eq!(effective_capabilities(&["--as", identity, "--capabilities", "net_raw"]), net_raw);
        assert_eq!(effective_capabilities(&["--as", identity, "--capabilities", "none"]), 0);
    }
    let unknown = ended(&["--capabilities", "flying", "--", "true"]);
    assert_eq!(unknown.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no capability \"flying\""));
}

#[test]
fn folders_are_read_only_or_private_and_the_machines_are_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().display().to_string();
    let file = folder.path().join("file").display().to_string();
    let refused = ended(&["--read-only", &shown, "--", "touch", &file]);
    let reason = String::from_utf8_lossy(&refused.stderr).into_owned();
    if reason.contains("ENOSYS") {
        // mount_setattr exists since Linux 5.12; an older kernel causes an error, not a run without the option.
        assert_eq!(refused.status.code(), Some(125));
    } else {
        assert!(reason.contains("Read-only file system"), "{reason}");
        let everywhere = ended(&["--read-only", "/", "--", "touch", &file]);
        assert!(String::from_utf8_lossy(&everywhere.stderr).contains("Read-only file system"));
        assert_eq!(printed(&["--read-only", "/", "--private", &shown, "--", "touch", &file]), "");
        assert_eq!(printed(&["--read-only", "/", "--", "cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"]), "0");
    }
    assert_eq!(printed(&["--private", &shown, "--", "touch", &file]), "");
    assert!(!Path::new(&file).exists());
    assert_eq!(printed(&["--", "touch", &file]), "", "the control");
    assert!(Path::new(&file).exists());
}

#[test]
fn files_stand_in_for_those_of_the_resolver() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shown");
    fs::write(&file, "192.0.2.7 printer.test\n").unwrap();
    let shown = file.display().to_string();
    let before = fs::read("/etc/hosts").unwrap();
    assert_eq!(printed(&["--hosts", &shown, "--", "cat", "/etc/hosts"]), "192.0.2.7 printer.test");
    if Path::new("/etc/resolv.conf").exists() {
        assert_eq!(printed(&["--resolv", &shown, "--", "cat", "/etc/resolv.conf"]), "192.0.2.7 printer.test");
    }
    assert_eq!(fs::read("/etc/hosts").unwrap(), before);
    let missing = ended(&["--hosts", "/nonexistent/hosts", "--", "true"]);
    assert_eq!(missing.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("'/nonexistent/hosts'"), "{missing:?}");
}

#[test]
fn it_ends_as_the_program_ended() {
    assert_eq!(ended(&["--", "true"]).status.code(), Some(0));
    assert_eq!(ended(&["--", "false"]).status.code(), Some(1));
    assert_eq!(ended(&["--", "ls", "/nonexistent"]).status.code(), Some(2));
    assert_eq!(ended(&["--", "/nonexistent/program"]).status.code(), Some(127));
    assert_eq!(ended(&["--", "/etc/passwd"]).status.code(), Some(126));
    assert_eq!(ended(&["--no-such-option"]).status.code(), Some(125));
    assert_eq!(ended(&["--help"]).status.code(), Some(0));
}

/// Starts the program and reads the first byte of its output, which shows that it runs.
fn running(arguments: &[&str]) -> Child {
    let mut child =
        netns_run(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn().expect("it starts");
    child.stdin.as_mut().unwrap().write_all(b"!").unwrap();
    // netns-lint: allow(unbounded-wait) netns-run has a deadline, at which its output ends
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    child
}

#[test]
fn signals_reach_the_program_and_its_end_is_passed_on() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGQUIT] {
        // Its input stays open: `wait` would close it, and cat would end.
        let mut child = running(&["--", "cat"]);
        let _input = child.stdin.take();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        kill(pid, signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
        // Like a terminal: sends the signal to the whole group.
        let mut child = running(&["--", "cat"]);
        let _input = child.stdin.take();
        killpg(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
    }
}

#[test]
fn the_streams_are_the_programs_own() {
    let mut child = running(&["--", "cat"]);
    child.stdin.as_mut().unwrap().write_all(b"there and back").unwrap();
    drop(child.stdin.take());
    // netns-lint: allow(unbounded-wait) netns-run has a deadline
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"there and back"[..], Some(0)));
}

#[test]
fn what_a_program_leaves_running_ends_with_it() {
    // The output ends when no process holds it open any more: a surviving daemon would keep this waiting.
    let left = ended(&["--", "setsid", "--fork", "sleep", "1000"]);
    assert!(left.status.success(), "{left:?}");
}

#[test]
fn a_deadline_ends_everything_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("result.json");
    let late = ended(&["--deadline", "3s", "--json", &file.display().to_string(), "--", "sleep", "1000"]);
    assert_eq!(late.status.code(), Some(124));
    let told = String::from_utf8_lossy(&late.stderr);
    assert!(told.contains("the deadline of 3s passed") && told.contains("sleep 1000"), "{told}");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(json["result"], "deadline");
    // A second run adds a line.
    assert_eq!(ended(&["--json", &file.display().to_string(), "--", "false"]).status.code(), Some(1));
    let lines = fs::read_to_string(&file).unwrap();
    let second: serde_json::Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&second["result"], &second["code"]), (&"exit".into(), &1.into()));
    // If the result cannot be recorded, the program does not run.
    let touched = folder.path().join("touched").display().to_string();
    let nowhere = ended(&["--json", "/nonexistent/result", "--", "touch", &touched]);
    assert!(nowhere.status.code() == Some(125) && !Path::new(&touched).exists(), "{nowhere:?}");
    assert_eq!(ended(&["--deadline", "0s", "--", "true"]).status.code(), Some(125));
}

#[test]
fn nothing_outlives_a_killed_netns_run() {
    for _ in 0..20 {
        let mut child = running(&["--veth", "--", "cat"]);
        let inside = descendants(Pid::from_raw(i32::try_from(child.id()).unwrap()));
        assert_eq!(inside.len(), 2, "pid 1 and the program: {inside:?}");
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        assert_are_gone(&inside);
    }
}

#[test]
fn a_caller_that_ignores_its_childrens_ends_learns_how_the_program_ended() {
    // The field is a set of signals with the lowest bit for signal 1; source: proc_pid_status(5).
    let ignored = |ignored: &str| {
        let mut caller = Command::new("env");
        caller.args([ignored, cargo_bin!("netns-run"), "--deadline", "20s", "--"]);
        caller.args(["grep", "^SigIgn:", "/proc/self/status"]);
        let ended = caller.output().expect("it starts");
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        let printed = String::from_utf8(ended.stdout).expect("it is text");
        let set = u64::from_str_radix(printed.trim_start_matches("SigIgn:").trim(), 16).expect("it is hexadecimal");
        set & 1 << (Signal::SIGCHLD as i32 - 1) != 0
    };
    assert!(ignored("--ignore-signal=CHLD"), "the program has what its caller has");
    assert!(!ignored("--default-signal=CHLD"), "the control");
}

#[test]
fn a_program_that_asks_to_be_traced_by_its_parent_runs_to_its_end() {
    if Command::new("perl").arg("-v").stdout(Stdio::null()).status().is_err() {
        return skip("needs the program perl");
    }
    // 0 is PTRACE_TRACEME: each signal then stops the program, also the one that reports an exec.
    let traced = |then: &str| {
        let program = format!("syscall({SYS_ptrace}, 0, 0, 0, 0) == 0 or die; {then}");
        ended(&["--deadline", "20s", "--", "perl", "-e", &program])
    };
    assert_eq!(traced("exec 'echo', 'on'").stdout, b"on\n");
    assert_eq!(traced("kill 'USR1', $$; sleep 1").status.signal(), Some(Signal::SIGUSR1 as i32));
    assert_eq!(traced("$SIG{USR1} = sub { exit 3 }; kill 'USR1', $$; sleep 1").status.code(), Some(3));
}

#[test]
fn the_program_cannot_reach_the_callers_process_group_where_there_is_no_terminal() {
    let mut caller = Command::new("setsid");
    // The outer shell and a job of it are in one group. The program's own trap answers a signal that it sends itself.
    let script = "sleep 60 & job=$!; trap 'echo reached' TERM; \
         \"$0\" -- sh -c 'trap : TERM; read -r _ _ _ _ group session _ < /proc/self/stat; echo $group $session; kill 0'; \
         kill -0 $job && echo bystander lives; kill $job";
    caller.args(["--wait", "sh", "-c", script, cargo_bin!("netns-run")]).stdin(Stdio::null());
    let ended = caller.output().unwrap();
    let printed = String::from_utf8(ended.stdout).unwrap();
    assert!(printed.contains("bystander lives") && !printed.contains("reached"), "{printed}");
    let ids: Vec<u32> = printed.lines().next().unwrap().split(' ').flat_map(str::parse).collect();
    assert!(ids.len() == 2 && ids.iter().all(|&id| id > 0), "{printed}");
}

#[test]
fn names_of_the_machine_and_of_the_user_agree_with_what_is_inside() {
    for (arguments, name) in [(&[][..], "netns-run"), (&["--hostname", "box"], "box"), (&["--veth"], "netns-run")] {
        let addresses = printed(&[arguments, &["--", "getent", "ahosts", name]].concat());
        assert!(addresses.contains("127.") && addresses.contains("::1"), "{name}: {addresses}");
    }
    assert!(!ended(&["--", "getent", "hosts", "no-such-machine"]).status.success(), "the control");
    // Without a name server, a lookup fails at once; the resolver waits five seconds for a silent server. On a slow machine the programs alone
    // take longer, so a lookup in a file is the floor.
    let timed = |name: &str| {
        let start = Instant::now();
        let found = ended(&["--veth", "--", "getent", "hosts", name]).status.success();
        (found, start.elapsed())
    };
    let (local, floor) = timed("localhost");
    let (remote, took) = timed("www.example.org");
    assert!(local && !remote && took < floor + Duration::from_secs(4), "{took:?}, and {floor:?} for a file");
    let mut asked = netns_run(&["--", "sh", "-c", "echo $(id -un) $USER $LOGNAME $HOME"]);
    asked.envs([("USER", "tester"), ("LOGNAME", "tester"), ("HOME", "/somewhere")]);
    assert_eq!(String::from_utf8(asked.output().unwrap().stdout).unwrap().trim_end(), "root root root /somewhere");
}

#[test]
fn a_working_folder_in_a_covered_folder_is_covered_too() {
    let folder = tempfile::tempdir().unwrap();
    for (option, shown) in [("--read-only", folder.path().to_str().unwrap()), ("--read-only", ".")] {
        let ended = netns_run(&[option, shown, "--", "touch", "written"]).current_dir(folder.path()).output().unwrap();
        let reason = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(reason.contains("Read-only file system") || reason.contains("ENOSYS"), "{option} {shown}: {reason}");
    }
    let private = netns_run(&["--private", ".", "--", "touch", "written"]).current_dir(folder.path()).output().unwrap();
    assert!(private.status.success(), "{private:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    let hidden = folder.path().to_str().unwrap();
    let gone = netns_run(&["--private", hidden, "--", "true"]).current_dir(&below).output().unwrap();
    assert_eq!(gone.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("the working folder"), "{gone:?}");
}

#[test]
fn the_program_cannot_uncover_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().to_str().unwrap();
    for option in ["--read-only", "--private"] {
        for undo in ["umount \"$1\"", "mount -o remount,rw,bind \"$1\"", "umount -l \"$1\""] {
            let script = format!("{undo}; touch \"$1/written\"");
            ended(&[option, shown, "--", "sh", "-c", &script, "sh", shown]);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{option}: {undo}");
        }
    }
    // The control: the program can undo its own mount.
    let own = "mount -t tmpfs none \"$1\" && umount \"$1\" && touch \"$1/written\"";
    printed(&["--", "sh", "-c", own, "sh", shown]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn root_keeps_its_power_and_can_be_any_user_inside() {
    if !geteuid().is_root() {
        let refused = ended(&["--as", "nobody", "--", "true"]);
        assert_eq!(refused.status.code(), Some(125));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("one identity"), "{refused:?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let [given, secret] = ["given", "secret"].map(|name| {
        let file = folder.path().join(name);
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file.display().to_string()
    });
    for words in [
        &["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "true"][..],
        &["chown", "nobody", &given],
    ] {
        printed(&[&["--"], words].concat());
    }
    let asked = "echo $(id -un) $USER $LOGNAME";
    let inside = printed(&["--as", "nobody", "--", "sh", "-c", asked]);
    assert_eq!(inside, "nobody nobody nobody");
    assert_eq!(effective_capabilities(&["--as", "nobody"]), 0);
    assert_eq!(effective_capabilities(&["--as", "65534", "--capabilities", "net_raw"]), 1 << 13);
    // An ordinary user cannot read another user's file, and the capabilities of a program's file apply.
    assert!(!ended(&["--as", "nobody", "--", "cat", &secret]).status.success());
    printed(&["--as", "nobody", "--", "cat", &given]);
    printed(&["--", "cat", &secret]);
    let unknown = ended(&["--as", "no-such-user", "--", "true"]);
    assert_eq!(unknown.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no user \"no-such-user\""), "{unknown:?}");
    // A folder of PATH that the user may not search does not mean that the program cannot be executed.
    let mut unknown = netns_run(&["--as", "nobody", "--", "no-such-program"]);
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    assert_eq!(unknown.env("PATH", path).status().unwrap().code(), Some(127));
}

#[test]
fn private_folders_are_those_where_daemons_write() {
    let file = format!("netns-run-was-here-{}", std::process::id());
    let script = "for folder in /run /tmp /dev/shm /var/lib/misc; do \
         if [ -d $folder ]; then touch $folder/$0 && ls -A $folder; fi; done";
    // The package's folder and the folder of `TMPDIR` would be visible too, because they may be below a private folder.
    let mut private = netns_run(&["--private-folders", "--", "sh", "-c", script, &file]);
    let ended = private.current_dir("/").env_remove("TMPDIR").output().unwrap();
    let printed = String::from_utf8(ended.stdout).unwrap();
    let folders = ["/run", "/tmp", "/dev/shm", "/var/lib/misc"].into_iter().filter(|folder| Path::new(folder).is_dir());
    // `netns` is there for the names of network namespaces.
    assert_eq!(printed.lines().filter(|line| *line == file).count(), folders.clone().count(), "{printed}");
    assert!(printed.lines().all(|line| [file.as_str(), "netns"].contains(&line)), "{printed}");
    for folder in folders {
        assert!(!Path::new(folder).join(&file).exists(), "{folder}");
    }
    // An ordinary user writes there too.
    if geteuid().is_root() {
        let mut private = netns_run(&["--private-folders", "--as", "nobody", "--", "sh", "-c", script, &file]);
        let ended = private.current_dir("/").env_remove("TMPDIR").output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{ended:?}");
    }
    // The working folder stays: a suite starts in it.
    let below_tmp = tempfile::tempdir().unwrap();
    let mut netns_run = netns_run(&["--private-folders", "--", "pwd"]);
    let ended = netns_run.current_dir(below_tmp.path()).output().unwrap();
    let folder = fs::canonicalize(below_tmp.path()).unwrap();
    assert_eq!(String::from_utf8(ended.stdout).unwrap().trim_end(), folder.to_str().unwrap());
}

#[test]
fn a_private_folder_in_another_one_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (outer, inner) = (folder.path().join("outer"), folder.path().join("outer/below/inner"));
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("of-the-machine"), "").unwrap();
    let (outer, inner) = (outer.to_str().unwrap(), inner.to_str().unwrap());
    for [first, second] in [[outer, inner], [inner, outer]] {
        let script = "touch $0/written && find $1";
        let found = printed(&["--private", first, "--private", second, "--", "sh", "-c", script, inner, outer]);
        assert_eq!(found, format!("{outer}\n{outer}/below\n{inner}\n{inner}/written"));
    }
    assert_eq!(fs::read_dir(inner).unwrap().count(), 1, "the machine's folder is as before");
}

#[test]
fn a_program_in_a_folder_of_daemons_stays_visible_and_a_file_in_a_private_one_is_refused() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let program = folder.path().join("program");
    fs::write(&program, "#!/bin/sh\necho it runs\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut private = netns_run(&["--private-folders", "--", program.to_str().unwrap()]);
    let ended = private.current_dir("/").env_remove("TMPDIR").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "it runs\n", "{ended:?}");
    // A link there to a program elsewhere, by its name in `PATH`.
    let link = folder.path().join("netns-run-linked-true");
    std::os::unix::fs::symlink("/bin/true", &link).unwrap();
    let mut private = netns_run(&["--private-folders", "--", "netns-run-linked-true"]);
    let path = format!("{}:{}", std::env::var("PATH").unwrap(), folder.path().display());
    assert!(private.current_dir("/").env_remove("TMPDIR").env("PATH", path).status().unwrap().success());
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "192.0.2.1 name\n").unwrap();
    let refused = ended_outside(&["--private", "/tmp", "--hosts", hosts.to_str().unwrap(), "--", "true"]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(125) && message.contains("lies in /tmp, which is empty inside"), "{message}");
}

/// Runs outside of folders that an option may cover.
fn ended_outside(arguments: &[&str]) -> Output {
    netns_run(arguments).current_dir("/").output().unwrap()
}

#[test]
fn a_standard_error_that_is_broken_changes_nothing() {
    for (arguments, status) in
        [(&["--deadline", "300ms", "--", "sleep", "10"][..], 124), (&["--", "/nonexistent"], 127)]
    {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut netns_run = netns_run(&["--json", file.path().to_str().unwrap()]);
        let ended = netns_run.args(arguments).stderr(full).status().unwrap();
        assert_eq!(ended.code(), Some(status), "{arguments:?}");
        assert_ne!(fs::read_to_string(file.path()).unwrap(), "", "{arguments:?}: the JSON");
    }
}

#[test]
fn a_fifo_that_nobody_reads_is_no_file_for_json() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let refused = ended(&["--json", fifo.to_str().unwrap(), "--", "true"]);
    let message = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(125) && message.contains("--json"), "{message}");
    // The control: with a reader it has the line.
    let reader = Command::new("head").args(["-n", "1"]).arg(&fifo).stdout(Stdio::piped()).spawn().unwrap();
    // Opens once the reader has; held, so that the reader does not read an end before the line.
    let writer = fs::File::options().write(true).open(&fifo).unwrap();
    assert!(ended(&["--json", fifo.to_str().unwrap(), "--", "true"]).status.success());
    drop(writer);
    assert!(reader.wait_with_output().unwrap().stdout.starts_with(b"{"));
}

#[test]
fn names_of_network_namespaces_do_not_stay_on_the_machine() {
    if Command::new("ip").arg("-V").output().is_err() {
        return skip("needs the program ip");
    }
    let names = || fs::read_dir("/run/netns").map(Iterator::count).ok();
    let before = names();
    let script = "ip netns add netns-run-was-here && ip netns exec netns-run-was-here true && ip netns list";
    // netns-lint: allow(unclaimed-name) the name is in the mount namespace of netns-run, which this test shows
    assert_eq!(printed(&["--", "sh", "-c", script]).split(' ').next(), Some("netns-run-was-here"));
    assert!(!Path::new("/run/netns/netns-run-was-here").exists());
    assert_eq!(names(), before);
}

/// Runs on a machine with `newuidmap` and ranges for this caller; root creates one for the test, in a mount namespace.
#[test]
fn ranges_of_the_caller_are_mapped_on_request() {
    let me = geteuid();
    if !me.is_root() {
        return skip("needs root: only root can give a user ranges");
    }
    let Ok(programs) = ["newuidmap", "newgidmap"]
        .map(|program| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file()).ok_or(())
        })
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
    else {
        return skip("needs newuidmap, of the package uidmap");
    };
    let folder = tempfile::tempdir().unwrap();
    let script = "mount --make-rprivate / && mount -t tmpfs none \"$1\" && chmod 755 \"$1\" && \
         install -m \"${MODE:-4755}\" \"$2\" \"$3\" \"$1\" && install -m 755 \"$4\" \"$1/netns-run\" && \
         printf '65534:%s\\n' 700000:1000 900000:500 > \"$1/sub\" && touch /etc/subuid /etc/subgid && \
         mount --bind \"$1/sub\" /etc/subuid && mount --bind \"$1/sub\" /etc/subgid && cd / && \
         exec setpriv --reuid 65534 --regid 65534 --clear-groups env \"PATH=$1:$PATH\" \"$1/netns-run\" \"${@:5}\"";
    let run_with = |mode: &str, arguments: &[&str]| {
        // A caller that ignores SIGCHLD would not hear how the programs end.
        let mut command = Command::new("env");
        command.args(["--ignore-signal=CHLD", "unshare", "--mount", "bash", "-c", script, "bash"]).arg(folder.path());
        command.args(&programs).arg(cargo_bin!("netns-run")).args(arguments).env("MODE", mode);
        let ended = command.output().expect("unshare is part of util-linux");
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        (ended.status.success(), String::from_utf8_lossy(&ended.stdout).into_owned(), stderr)
    };
    let run = |arguments: &[&str]| run_with("4755", arguments);
    let drops = ["--", "setpriv", "--reuid", "7", "--regid", "7", "--clear-groups", "id", "-u"];
    // The control: one id.
    assert!(!run(&drops).0);
    for options in [&["--map-ids"][..], &["--map-ids", "--private", "/mnt"]] {
        let (worked, printed, complaint) = run(&[options, &drops].concat());
        assert!(worked, "{options:?}: {complaint}");
        assert_eq!(printed, "7\n", "{options:?}");
        let (_, map, _) = run(&[options, &["--", "cat", "/proc/self/uid_map"]].concat());
        let fields: Vec<&str> = map.split_whitespace().collect();
        assert_eq!((fields[2], fields[5], fields[8]), ("1", "1000", "500"), "{options:?}: {map}");
    }
    let (_, caller, complaint) = run(&["--map-ids", "--as", "caller", "--", "id", "-u"]);
    assert_eq!(caller, "65534\n", "{complaint}");
    // Without its privilege the program says why it refuses.
    let (worked, _, complaint) = run_with("0755", &[&["--map-ids"][..], &drops].concat());
    assert!(
        !worked && complaint.contains("newuidmap: newuidmap: ") && complaint.contains("setuid root"),
        "{complaint}"
    );
}

#[test]
fn ranges_that_are_missing_are_named_with_the_remedy() {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    // Another user may not search the folder of this package.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let netns_run = folder.path().join("netns-run");
    fs::copy(cargo_bin!("netns-run"), &netns_run).unwrap();
    let ended = command.args(["env", "PATH=/nonexistent"]).arg(netns_run).args(["--map-ids", "--", "true"]).output();
    let ended = ended.expect("setpriv is part of util-linux");
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(125), "{complaint}");
    assert!(complaint.contains("newuidmap") && complaint.contains("install"), "{complaint}");
}

/// nscd and similar services know the machine's names: `--hosts` and the own name would have no effect.
#[test]
fn name_services_of_the_machine_do_not_answer_inside() {
    if !geteuid().is_root() {
        return skip("needs root: only root can make a machine with nscd");
    }
    let script = "mount -t tmpfs none /run && mkdir /run/nscd && touch /run/nscd/socket && \
         stat -c %F /run/nscd/socket && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script, "sh", cargo_bin!("netns-run"), "--deadline", "20s", "--"]);
    let ended = command.args(["stat", "-c", "%F", "/run/nscd/socket"]).output().expect("unshare is part of util-linux");
    let printed = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(printed, "regular empty file\ncharacter special file\n", "{}", String::from_utf8_lossy(&ended.stderr));
}
