//! The first process inside the virtual machine, which is the same program that started it. It sets up a small system, runs the plan, and
//! reports the results on the result port.
//!
//! Role: pid 1 of the guest. Parent: the kernel; when it ends, the kernel panics, the machine stops, and the run has failed.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, sync};

use crate::arch::PORT;
use crate::counts::SKIP_RECORD;
use crate::message::Message;
use crate::plan::{Account, PLAN, Plan, Run};

/// `PATH` of the programs.
pub const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Source: `image.rs`, the guest's passwd.
const USER: u32 = 4242;

/// The longest part of a line that is one message; a longer line is several.
const LINE_BYTES: u64 = 16 * 1024;

/// The time for the output of a program after its end.
const LAST_OUTPUT: Duration = Duration::from_secs(10);

/// Runs the plan and switches the machine off; returns only if that fails. `word` is the prefix of each message, which the kernel passes to
/// its first process.
///
/// # Errors
///
/// Fails if this is not the first process, or if the guest cannot report anything. The run then ends without a result.
pub fn run(word: &str) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(getpid().as_raw() == 1, "this is the first process of a virtual machine, and of nothing else");
    mount_the_usual()?;
    let mut port = Port {
        file: File::options().write(true).open(PORT).context("failed to open the result port")?,
        word: word.to_owned(),
    };
    if let Err(error) = work(&mut port) {
        port.say(&Message::Broken(format!("{error:#}")))?;
    }
    port.file.sync_all().ok();
    sync();
    // QEMU runs with -no-reboot, so this stops the machine, with or without ACPI.
    reboot(RebootMode::RB_AUTOBOOT).context("failed to switch off")?;
    Ok(ExitCode::FAILURE)
}

struct Port {
    file: File,
    word: String,
}

impl Port {
    fn say(&mut self, message: &Message) -> anyhow::Result<()> {
        let line = message.to_line(&self.word)?;
        self.file.write_all(format!("{line}\n").as_bytes()).context("failed to write to the result port")
    }
}

fn mount_the_usual() -> anyhow::Result<()> {
    for (kind, folder) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("devpts", "/dev/pts"),
        ("tmpfs", "/dev/shm"),
        ("tmpfs", "/run"),
        ("cgroup2", "/sys/fs/cgroup"),
        ("securityfs", "/sys/kernel/security"),
    ] {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {folder}"))?;
        match mount(Some(kind), folder, Some(kind), MsFlags::empty(), None::<&str>) {
            // The kernel has already mounted it.
            Err(nix::Error::EBUSY) => {}
            answer => answer.with_context(|| format!("failed to mount {folder}"))?,
        }
    }
    // As systemd does: a test can make control groups with these limits. A kernel may lack one.
    let controllers =
        fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").context("failed to list the controllers")?;
    for controller in controllers.split_whitespace().filter(|controller| ["memory", "pids"].contains(controller)) {
        fs::write("/sys/fs/cgroup/cgroup.subtree_control", format!("+{controller}"))
            .with_context(|| format!("failed to delegate the controller {controller} to control groups"))?;
    }
    fs::set_permissions("/dev/shm", Permissions::from_mode(0o1777)).context("failed to open /dev/shm to all")
}

fn work(port: &mut Port) -> anyhow::Result<()> {
    let uptime = fs::read_to_string("/proc/uptime").context("failed to read the uptime")?;
    let seconds: f64 =
        uptime.split_whitespace().next().and_then(|word| word.parse().ok()).context("the uptime is not a number")?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").context("failed to read the kernel's release")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an uptime of a few seconds")]
    port.say(&Message::Up { release: release.trim().to_owned(), after_ms: (seconds * 1000.0) as u64 })?;
    let plan: Plan = serde_json::from_str(&fs::read_to_string(PLAN).context("failed to read the plan")?)
        .context("the plan is invalid")?;
    prepare(port, &plan)?;
    for (index, run) in plan.runs.iter().enumerate() {
        port.say(&Message::Started(index))?;
        run_one(port, run)?;
    }
    port.say(&Message::Done)
}

fn prepare(port: &mut Port, plan: &Plan) -> anyhow::Result<()> {
    if plan.owner != 0 {
        let device = fs::symlink_metadata("/").context("failed to look at the root folder")?.dev();
        give_to_root(Path::new("/"), device).context("failed to give the files to root")?;
    }
    for account in [Account::Root, Account::User] {
        for folder in [account.home(), account.temporary()] {
            fs::create_dir_all(&folder).context("failed to make a home")?;
            chown(&folder, Some(account.id()), Some(account.id())).context("failed to hand a home over")?;
        }
    }
    // Before the modules of tunnels, whose first devices would be in each network namespace. Kernels before 4.20 have no such setting, and
    // those of the matrix do.
    fs::write("/proc/sys/net/core/fb_tunnels_only_for_init_net", "1")
        .context("failed to keep tunnels to the machine")?;
    let mut missing = Vec::new();
    for module in &plan.modules {
        let loaded = Command::new("/sbin/modprobe")
            .args(["--quiet", "--", module])
            .status()
            .context("failed to start modprobe")?;
        if !loaded.success() {
            missing.push(module.as_str());
        }
    }
    if !missing.is_empty() {
        port.say(&Message::Note(format!("no such modules here: {}", missing.join(" "))))?;
    }
    // Sets the same mode as udev.
    if Path::new("/dev/net/tun").exists() {
        fs::set_permissions("/dev/net/tun", Permissions::from_mode(0o666))
            .context("failed to open /dev/net/tun to all")?;
    }
    let up =
        Command::new("/sbin/ip").args(["link", "set", "dev", "lo", "up"]).status().context("failed to start ip")?;
    anyhow::ensure!(up.success(), "lo does not come up");
    fs::write("/proc/sys/kernel/hostname", "netns-guest").context("failed to set the host name")
}

/// Gives all files of one file system to root: on the host they belong to the user who made the image.
fn give_to_root(path: &Path, device: u64) -> std::io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.dev() != device {
        return Ok(());
    }
    if metadata.uid() != 0 {
        lchown(path, Some(0), Some(0))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            give_to_root(&entry?.path(), device)?;
        }
    }
    Ok(())
}

impl Account {
    /// The user and group id in the guest.
    pub fn id(self) -> u32 {
        match self {
            Self::Root => 0,
            Self::User => USER,
        }
    }

    fn home(self) -> PathBuf {
        match self {
            Self::Root => "/root".into(),
            Self::User => "/home/user".into(),
        }
    }

    /// Root uses the shared folder, because its tests also run programs as nobody, who cannot enter root's home.
    fn temporary(self) -> PathBuf {
        match self {
            Self::Root => "/tmp".into(),
            Self::User => self.home().join("tmp"),
        }
    }

    fn skip_record(self) -> PathBuf {
        self.home().join("skipped.txt")
    }

    /// Returns a command with this account's environment and its own process group, which *root* runs: the program itself
    /// becomes the user.
    pub fn command_of_root(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir("/").stdin(Stdio::null()).process_group(0);
        command
            .env("PATH", PATH)
            .env("HOME", self.home())
            .env("TMPDIR", self.temporary())
            .env("USER", self.name())
            .env(SKIP_RECORD, self.skip_record());
        command
    }
}

fn run_one(port: &mut Port, run: &Run) -> anyhow::Result<()> {
    let mut command = run.account.command_of_root(&run.program);
    if run.account.id() != 0 {
        // The standard library drops root's groups as well.
        command.uid(run.account.id()).gid(run.account.id());
    }
    command.args(&run.arguments).current_dir(&run.folder).envs(run.environment.iter().cloned());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let ended = match command.spawn() {
        Ok(child) => follow(child, start + run.limit, &kill_the_others, &mut |line| port.say(&Message::Line(line)))
            .map(|status| {
                status.map_or_else(|| (false, killed_after(run.limit)), |status| (status.success(), describe(status)))
            })?,
        Err(error) => (false, format!("did not start: {error}")),
    };
    kill_the_others();
    reap_orphans();
    report_skips(port, run.account)?;
    let took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (success, how) = ended;
    port.say(&Message::Ended { success, how, took_ms })
}

fn killed_after(limit: Duration) -> String {
    format!("was killed after {} s", limit.as_secs())
}

/// Kills all processes except pid 1, so that a run leaves nothing to the next one and the pipes of remaining daemons are
/// closed.
fn kill_the_others() {
    // ESRCH: there are none.
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
}

enum Event {
    Line(String),
    Exited(std::io::Result<ExitStatus>),
}

/// Forwards the child's output until the child has exited and its output has ended, or its time is up; then it is killed with its process
/// group. Returns its status, or `None` if its time was up.
///
/// `at_exit` runs when the child has exited; it may end processes that still hold the output open.
///
/// # Errors
///
/// Fails if `on_line` fails.
pub fn follow(
    mut child: Child,
    deadline: Instant,
    at_exit: &dyn Fn(),
    on_line: &mut dyn FnMut(String) -> anyhow::Result<()>,
) -> anyhow::Result<Option<ExitStatus>> {
    let group = Pid::from_raw(i32::try_from(child.id()).context("a pid is larger than the kernel makes them")?);
    let (sender, events) = mpsc::sync_channel(256);
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        // Reads one stream and ends with it. A stream that a daemon holds open stays open until the machine stops.
        thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                if sender.send(Event::Line(text)).is_err() {
                    return;
                }
                line.clear();
            }
        });
    }
    // Waits for the child and ends with it.
    thread::spawn(move || sender.send(Event::Exited(child.wait())));
    let (mut until, mut status, mut is_late) = (deadline, None, false);
    loop {
        match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Event::Line(line)) => on_line(line)?,
            Ok(Event::Exited(exited)) => {
                status = Some(exited.context("failed to wait for a program")?);
                at_exit();
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(status.filter(|_| !is_late)),
            Err(RecvTimeoutError::Timeout) if is_late => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                // ESRCH: the process has just exited.
                let _ = killpg(group, Signal::SIGKILL);
                (is_late, until) = (true, Instant::now() + LAST_OUTPUT);
            }
        }
    }
}

/// Reaps the processes that programs left to this one: to pid 1, or to a subreaper.
pub fn reap_orphans() {
    while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
    }
}

/// Reports the record of skips and removes it, so that the next run begins with none.
fn report_skips(port: &mut Port, account: Account) -> anyhow::Result<()> {
    let file = account.skip_record();
    let record = match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        text => text.context("failed to read the record of skips")?,
    };
    fs::remove_file(&file).context("failed to remove the record of skips")?;
    for line in record.lines() {
        let (test, reason) =
            line.split_once('\t').ok_or_else(|| anyhow!("a line of the record of skips is invalid: {line}"))?;
        port.say(&Message::Skipped { test: test.to_owned(), reason: reason.to_owned() })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a program; at its end the rest of its process group is killed.
    fn followed(program: &str, arguments: [&str; 2], limit: Duration) -> (Option<ExitStatus>, Vec<String>) {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = command.spawn().unwrap();
        let group = Pid::from_raw(child.id().cast_signed());
        let kill_the_rest = || {
            // ESRCH: nothing is left.
            let _ = killpg(group, Signal::SIGKILL);
        };
        let mut lines = Vec::new();
        let status = follow(child, Instant::now() + limit, &kill_the_rest, &mut |line| {
            lines.push(line);
            Ok(())
        });
        (status.unwrap(), lines)
    }

    const LONG: Duration = Duration::from_secs(300);

    #[test]
    fn both_streams_arrive_with_the_status() {
        // `ls` reports the missing file on standard error and the other one on standard output.
        let (status, mut lines) = followed("ls", ["/proc/version", "/nonexistent"], LONG);
        lines.sort();
        assert_eq!(status.unwrap().code(), Some(2));
        assert!(lines[0] == "/proc/version" && lines[1].contains("/nonexistent"), "{lines:?}");
    }

    #[test]
    fn a_daemon_that_holds_the_output_is_not_waited_for() {
        let (status, lines) = followed("sh", ["-c", "sleep 600 & echo done"], LONG);
        assert_eq!((status.unwrap().code(), lines), (Some(0), vec!["done".to_owned()]));
    }

    #[test]
    fn a_program_is_killed_at_its_limit() {
        assert_eq!(followed("sleep", ["600", "600"], Duration::from_millis(300)), (None, vec![]));
    }
}
