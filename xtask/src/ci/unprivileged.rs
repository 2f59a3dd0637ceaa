//! The steps that run the suite as a user without privileges.
//!
//! As root they build the tests (the step `tests` has already built them), create a user and run cargo as that user, offline, on copies of the
//! workspace and of the built tests ([`Home`]). At the end the user must have left nothing; then they remove the user.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anstream::println;
use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, geteuid};
use tempfile::TempDir;

use super::home::Home;
use super::temporary::remains_in;
use super::{BUILT_SUITES, LIBTEST, NEXTEST, Outcome, SUITES, gather_suites, repeat_less};
use crate::program::{output_of, run_program};
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// The arguments of cargo that build what [`LIBTEST`] runs.
const TESTS: [&str; 5] = ["test", "--workspace", "--no-run", "--message-format", "json-render-diagnostics"];

/// The kernel may need this long to end a process with its namespaces, on a busy machine.
const UNTIL_AN_EXIT_IS_OVER: Duration = Duration::from_secs(10);

/// World-writable folders, in which a test could leave something.
const SHARED_FOLDERS: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// Leaves out tests that do the same for every user: they read sources, or start a compiler. `fix` meets a folder without permissions.
const WHERE_THE_USER_COUNTS: [&str; 2] =
    ["-E", "binary_id(netns-lint::fix) or not (package(netns-lint) or binary(ui) or binary(ui_types))"];

/// Runs the tests under nextest, but for those that are the same for every user, which the step `tests` runs. Without root, this user runs all.
pub(super) fn run_nextest(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    if !geteuid().is_root() {
        return super::nextest(workspace, skipped);
    }
    println!("only {}; with --nightly all", WHERE_THE_USER_COUNTS[1]);
    run_as_user(workspace, skipped, &[&NEXTEST[..], &WHERE_THE_USER_COUNTS].concat())
}

/// Runs the tests and the examples of the documentation under libtest.
pub(super) fn run_libtest(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    if !geteuid().is_root() {
        return Ok(Outcome::NotNeeded("the step `tests` runs without privileges here; as root, it adds a user"));
    }
    run_as_user(workspace, skipped, &LIBTEST)
}

fn run_as_user(workspace: &Workspace, skipped: &Skipped, arguments: &[&str]) -> anyhow::Result<Outcome> {
    // The guards undo in reverse order: the folder is removed before its user.
    let user = TemporaryUser::create()?;
    let folder =
        TempDir::with_prefix_in("user-", workspace.temporary_folder()).context("failed to make the user's folder")?;
    let home = Home::new(folder.path(), (user.uid, user.gid), workspace, &build(workspace)?)?;
    let suites = folder.path().join("suites");
    gather_suites(&mut home.cargo(&SUITES)?, &suites)?;
    let mut cargo = home.cargo(arguments)?;
    if arguments.starts_with(&NEXTEST) {
        repeat_less(&mut cargo);
    }
    let ended = run_program(cargo.env(BUILT_SUITES, suites));
    let mut remains = user.remains(folder.path())?;
    remains.extend(remains_in(&home.temporary()).into_iter().map(|path| format!("temporary file {path}")));
    let ended = ended?;
    if !remains.is_empty() {
        bail!("the tests left behind:\n    {}", remains.join("\n    "));
    }
    let newly_skipped = skipped.add(&home.skip_record())?;
    Ok(Outcome::tested(&ended, newly_skipped))
}

/// Builds the tests and the suites as root; returns cargo's messages.
fn build(workspace: &Workspace) -> anyhow::Result<Vec<u8>> {
    let mut messages = Vec::new();
    for arguments in [&TESTS[..], &SUITES] {
        let mut output = output_of(workspace.cargo().args(arguments), Stdio::inherit())?;
        ensure!(output.status.success(), "the tests do not build");
        messages.append(&mut output.stdout);
    }
    Ok(messages)
}

/// A user that exists during this step. Dropping it removes the user.
struct TemporaryUser {
    name: String,
    uid: Uid,
    gid: Gid,
}

impl TemporaryUser {
    /// `useradd` rejects an existing name, so the user belongs to this process alone.
    fn create() -> anyhow::Result<Self> {
        let name = format!("netns-ci-{}", std::process::id());
        let made = Command::new("/usr/sbin/useradd")
            .args(["--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin", "--", &name])
            .status()
            .context("failed to start useradd (package passwd)")?;
        ensure!(made.success(), "useradd made no user {name}");
        // From here on the guard exists: it removes the user if a later step fails.
        let mut user = Self { name, uid: Uid::from_raw(0), gid: Gid::from_raw(0) };
        let entry = User::from_name(&user.name)?.with_context(|| format!("the user {} cannot be found", user.name))?;
        (user.uid, user.gid) = (entry.uid, entry.gid);
        ensure!(!user.uid.is_root(), "the user {} is root", user.name);
        Ok(user)
    }

    /// Kills remaining processes of the user; returns them and the user's files in shared folders other than `its_folder`.
    fn remains(&self, its_folder: &Path) -> anyhow::Result<Vec<String>> {
        let mut processes = self.processes()?;
        let begin = Instant::now();
        while begin.elapsed() < UNTIL_AN_EXIT_IS_OVER && processes.values().any(Process::is_exiting) {
            std::thread::sleep(Duration::from_millis(20));
            processes = self.processes()?;
        }
        let mut remains = Vec::new();
        for (pid, process) in processes.into_iter().filter(|(_, process)| !process.has_ended()) {
            remains.push(format!("process {pid}: {} ({})", process.command, process.status));
            end(pid);
        }
        for folder in SHARED_FOLDERS.iter().filter_map(|folder| fs::read_dir(folder).ok()) {
            for entry in folder {
                let entry = entry.context("failed to list a shared folder")?;
                let is_ours = entry.metadata().is_ok_and(|metadata| metadata.uid() == self.uid.as_raw());
                if is_ours && entry.path() != its_folder {
                    remains.push(format!("file {}", entry.path().display()));
                }
            }
        }
        Ok(remains)
    }

    fn processes(&self) -> anyhow::Result<BTreeMap<i32, Process>> {
        let mut processes = BTreeMap::new();
        for entry in fs::read_dir("/proc").context("failed to list /proc")? {
            let entry = entry.context("failed to list /proc")?;
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            if entry.metadata().is_ok_and(|metadata| metadata.uid() == self.uid.as_raw()) {
                processes.insert(pid, Process::read(&entry.path()));
            }
        }
        Ok(processes)
    }
}

/// Kills a process of the user. All of them belong to this step, because the step created the user.
fn end(pid: i32) {
    // ESRCH: the process has just exited.
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
}

struct Process {
    command: String,
    /// Name, state, parent and threads.
    status: String,
}

impl Process {
    /// Reads a process from its folder in `/proc`; man 5 `proc_pid_status`.
    fn read(folder: &Path) -> Self {
        let command = fs::read_to_string(folder.join("cmdline")).unwrap_or_default().replace('\0', " ");
        let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
        let shown = |line: &&str| ["Name:", "State:", "PPid:", "Threads:"].iter().any(|name| line.starts_with(name));
        let status = status.lines().filter(shown).map(|line| line.replace('\t', " ")).collect::<Vec<_>>().join(", ");
        Self { command: command.trim().to_owned(), status }
    }

    /// Returns whether nothing is left to run: the parent has not reaped it yet. Where a test killed a runner, that is the machine's first
    /// process, which may reap every few seconds. A parent that is one of the user's is reported itself.
    fn has_ended(&self) -> bool {
        // The process has disappeared since.
        self.status.is_empty() || self.status.contains("State: Z") && !self.has_threads()
    }

    /// The first thread may end before the others: the process then looks like one that has ended.
    fn has_threads(&self) -> bool {
        !self.status.ends_with("Threads: 0") && !self.status.ends_with("Threads: 1")
    }

    /// Returns whether the process has no memory left, and thus no command line, and is not a zombie yet.
    fn is_exiting(&self) -> bool {
        self.command.is_empty() && !self.has_ended()
    }
}

impl Drop for TemporaryUser {
    fn drop(&mut self) {
        // Processes are left only where the step failed early. `userdel` refuses to remove a user with processes.
        let begin = Instant::now();
        while let Ok(processes) = self.processes()
            && processes.values().any(|process| !process.has_ended())
            && begin.elapsed() < UNTIL_AN_EXIT_IS_OVER
        {
            processes.into_keys().for_each(end);
            // The pace of the loop: nothing reports the end of a process that is no child.
            std::thread::sleep(Duration::from_millis(20));
        }
        match Command::new("/usr/sbin/userdel").arg("--").arg(&self.name).status() {
            Ok(status) if status.success() => {}
            other => eprintln!("the user {} is still there ({other:?}): userdel {}", self.name, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::path::PathBuf;
    use std::process::Stdio;

    use nix::sys::wait::{Id, WaitPidFlag, waitid};

    use super::*;

    #[test]
    fn a_zombie_counts_as_ended() -> anyhow::Result<()> {
        let mut command = Command::new("sh");
        let mut child = command.args(["-c", "echo; read line"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        // The kernel sets the command line some time after `spawn` has returned.
        // netns-lint: allow(unbounded-wait) it prints the line or ends
        child.stdout.as_mut().context("no pipe")?.read_exact(&mut [0; 1])?;
        let folder = PathBuf::from(format!("/proc/{}", child.id()));
        let Process { command, status } = Process::read(&folder);
        assert!(command.ends_with("read line"), "{command} ({status})");
        let running = Process { command, status };
        assert!(!running.has_ended() && !running.is_exiting(), "{}", running.status);
        drop(child.stdin.take());
        // Leaves the child a zombie.
        waitid(Id::Pid(Pid::from_raw(child.id().try_into()?)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
        let zombie = Process::read(&folder);
        assert!(zombie.has_ended() && zombie.status.contains("State: Z"), "{}", zombie.status);
        assert!(child.try_wait()?.is_some());
        assert!(Process::read(&folder).has_ended());
        Ok(())
    }

    #[test]
    fn a_process_runs_while_one_of_its_threads_does() {
        let process = |status: &str| Process { command: String::new(), status: status.to_owned() };
        let rows = [("Z (zombie)", 1, true), ("Z (zombie)", 3, false), ("R (running)", 1, false)];
        for (state, threads, ended) in rows {
            let process = process(&format!("Name: a, State: {state}, PPid: 1, Threads: {threads}"));
            assert_eq!((process.has_ended(), process.is_exiting()), (ended, !ended), "{}", process.status);
        }
    }
}
