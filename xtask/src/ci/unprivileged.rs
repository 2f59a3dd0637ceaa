//! The steps that run the suite as a user without privileges.
//!
//! As root they create a user, copy the workspace's files to a folder of that user and run cargo there as that user, offline, as
//! after a fresh clone. They also copy the registry's index and the packages of Cargo.lock. The toolchain may be readable by root only, so it is bind-mounted into that
//! folder, in a mount namespace that ends with the program. At the end the user must have left nothing; then they remove the user.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anstream::println;
use anyhow::{Context, bail};
use clap::Args;
use netns_vm::SKIP_RECORD;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, chown, geteuid, setgid, setgroups, setuid};
use tempfile::TempDir;

use super::dependencies::packages_of;
use super::temporary::remains_in;
use super::{BUILT_SUITES, LIBTEST, NEXTEST, Outcome, SUITES, gather_suites, repeat_less};
use crate::program::{run_program, this_program};
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// The programs of root's cargo, including nextest if cargo installed it.
const PROGRAMS_OF_CARGO: &str = "bin";

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
    let home = Home { folder: folder.path(), user: &user };
    home.fill(workspace)?;
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
        anyhow::ensure!(made.success(), "useradd made no user {name}");
        // From here on the guard exists: it removes the user if a later step fails.
        let mut user = Self { name, uid: Uid::from_raw(0), gid: Gid::from_raw(0) };
        let entry = User::from_name(&user.name)?.with_context(|| format!("the user {} cannot be found", user.name))?;
        (user.uid, user.gid) = (entry.uid, entry.gid);
        anyhow::ensure!(!user.uid.is_root(), "the user {} is root", user.name);
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
            // All of the user's processes belong to this step, because the step created the user. ESRCH: the process has just exited.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
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
        match Command::new("/usr/sbin/userdel").arg("--").arg(&self.name).status() {
            Ok(status) if status.success() => {}
            other => eprintln!("the user {} is still there ({other:?}): userdel {}", self.name, self.name),
        }
    }
}

/// The user's folder: the workspace's files, cargo's folder, and the mount points.
struct Home<'a> {
    folder: &'a Path,
    user: &'a TemporaryUser,
}

impl Home<'_> {
    fn workspace(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    fn cargo_home(&self) -> PathBuf {
        self.folder.join("cargo")
    }

    fn toolchain(&self) -> PathBuf {
        self.folder.join("toolchain")
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// The user cannot write to root's record and has a separate one.
    fn skip_record(&self) -> PathBuf {
        self.folder.join("skipped.txt")
    }

    fn fill(&self, workspace: &Workspace) -> anyhow::Result<()> {
        self.own(self.folder)?;
        for folder in [self.workspace(), self.cargo_home(), self.temporary()] {
            self.make_folder(&folder)?;
        }
        // Root keeps these two: they are only mount points.
        for mount_point in [self.toolchain(), self.cargo_home().join(PROGRAMS_OF_CARGO)] {
            fs::create_dir(&mount_point).with_context(|| format!("failed to make {}", mount_point.display()))?;
        }
        let config = root_cargo_home()?.join("config.toml");
        if config.is_file() {
            self.copy(&config, &self.cargo_home().join("config.toml"))?;
        }
        self.copy_registry(workspace)?;
        for file in files(workspace.root())? {
            self.copy(&workspace.root().join(&file), &self.workspace().join(&file))?;
        }
        Ok(())
    }

    fn copy(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let parent = to.parent().context("a file lies in no folder")?;
        self.make_folder(parent)?;
        fs::copy(from, to).with_context(|| format!("failed to copy {} to {}", from.display(), to.display()))?;
        self.own(to)
    }

    /// Copies the registry's index, and of the downloaded packages those that the workspace uses: a developer's folder may have thousands.
    /// Copies instead of mounting, because some packages contain files that only their owner may read.
    fn copy_registry(&self, workspace: &Workspace) -> anyhow::Result<()> {
        let lock = workspace.root().join("Cargo.lock");
        let lock = fs::read_to_string(&lock).with_context(|| format!("failed to read {}", lock.display()))?;
        let used: BTreeSet<String> = packages_of(&lock).iter().map(|package| package.replace(" v", "-")).collect();
        let is_used =
            |name: &OsStr| name.to_str().is_some_and(|name| used.contains(name.strip_suffix(".crate").unwrap_or(name)));
        let (from, to) = (root_cargo_home()?.join("registry"), self.cargo_home().join("registry"));
        self.copy_folder(&from.join("index"), &to.join("index"), &|_| true)?;
        for downloads in ["cache", "src"] {
            self.make_folder(&to.join(downloads))?;
            for registry in list(&from.join(downloads))? {
                let name = registry.file_name();
                self.copy_folder(&registry.path(), &to.join(downloads).join(name), &is_used)?;
            }
        }
        Ok(())
    }

    /// Copies a folder with those of its entries whose name `takes` accepts.
    fn copy_folder(&self, from: &Path, to: &Path, takes: &dyn Fn(&OsStr) -> bool) -> anyhow::Result<()> {
        self.make_folder(to)?;
        for entry in list(from)?.iter().filter(|entry| takes(&entry.file_name())) {
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() {
                self.copy_folder(&from, &to, &|_| true)?;
            } else {
                self.copy(&from, &to)?;
            }
        }
        Ok(())
    }

    /// Creates a folder below the user's folder, with its parents.
    fn make_folder(&self, folder: &Path) -> anyhow::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        self.make_folder(folder.parent().context("a folder lies in no folder")?)?;
        fs::create_dir(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        self.own(folder)
    }

    fn own(&self, path: &Path) -> anyhow::Result<()> {
        let TemporaryUser { uid, gid, .. } = *self.user;
        chown(path, Some(uid), Some(gid)).with_context(|| format!("failed to give {} to the user", path.display()))
    }

    /// Returns cargo as the user, through [`as_user`].
    fn cargo(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(this_program()?);
        command.arg("as-user");
        command.arg("--uid").arg(self.user.uid.to_string()).arg("--gid").arg(self.user.gid.to_string());
        command.arg("--folder").arg(self.workspace());
        command.arg("--bind").arg(sysroot()?).arg(self.toolchain());
        let programs = [root_cargo_home()?, self.cargo_home()].map(|folder| folder.join(PROGRAMS_OF_CARGO));
        command.arg("--bind").args(programs);
        command.arg("--").arg(self.toolchain().join("bin/cargo"));
        command.args(arguments).arg("--offline");
        let mut path = self.toolchain().join("bin").into_os_string();
        path.push(":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        command.env_clear();
        command.env("PATH", path).env("HOME", self.folder).env("TMPDIR", self.temporary());
        command.env("CARGO_HOME", self.cargo_home()).env(SKIP_RECORD, self.skip_record());
        Ok(command)
    }
}

fn list(folder: &Path) -> anyhow::Result<Vec<DirEntry>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect);
    entries.with_context(|| format!("failed to list {}", folder.display()))
}

/// Returns the files that git tracks, and new files that it does not ignore.
fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("failed to start git")?;
    anyhow::ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr).trim());
    let names = listed.stdout.split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let paths = names.map(|name| PathBuf::from(OsStr::from_bytes(name)));
    // git still lists a file that was deleted without a commit.
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}

fn sysroot() -> anyhow::Result<PathBuf> {
    let printed = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "sysroot"])
        .output()
        .context("failed to start rustc")?;
    anyhow::ensure!(printed.status.success(), "rustc does not say where it is");
    Ok(PathBuf::from(String::from_utf8(printed.stdout).context("the toolchain's path is no UTF-8")?.trim_end()))
}

fn root_cargo_home() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("CARGO_HOME") {
        return Ok(folder.into());
    }
    Ok(std::env::home_dir().context("there is neither CARGO_HOME nor HOME")?.join(".cargo"))
}

/// Arguments of the hidden command that executes a program as an unprivileged user.
#[derive(Debug, Args)]
pub(crate) struct AsUser {
    #[arg(long)]
    uid: u32,
    #[arg(long)]
    gid: u32,
    #[arg(long)]
    folder: PathBuf,
    /// Folders to show in other places, read-only.
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"])]
    bind: Vec<PathBuf>,
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

/// Executes the program; returns only if that fails.
pub(crate) fn as_user(options: &AsUser) -> anyhow::Result<ExitCode> {
    let none = None::<&str>;
    // 1. A private mount namespace comes before the first mount: a bind mount that reached the host's namespace would be deleted through
    // when the folder is removed.
    unshare(CloneFlags::CLONE_NEWNS).context("failed to make a mount namespace")?;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).context("failed to make the mounts private")?;
    for pair in options.bind.chunks_exact(2) {
        let bound = || format!("failed to show {} at {}", pair[0].display(), pair[1].display());
        mount(Some(&pair[0]), &pair[1], none, MsFlags::MS_BIND, none).with_context(bound)?;
        let read_only = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
        mount(none, &pair[1], none, read_only, none).with_context(bound)?;
    }
    // 2. Groups come before the group, and the group before the user: each call needs privileges that the next one drops.
    setgroups(&[]).context("failed to leave root's groups")?;
    setgid(Gid::from_raw(options.gid)).context("failed to change the group")?;
    setuid(Uid::from_raw(options.uid)).context("failed to change the user")?;
    anyhow::ensure!(setuid(Uid::from_raw(0)).is_err(), "the way back to root is still open");
    let (program, arguments) = options.program.split_first().context("there is no program to run")?;
    let error = Command::new(program).args(arguments).current_dir(&options.folder).exec();
    Err(error).with_context(|| format!("failed to run {}", Path::new(program).display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
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
