//! Inside the virtual machine: the first process, which is this same program. It makes a small system usable, runs the plan as root and
//! as a user without privileges, and says what happened on the result port.
//!
//! Role: pid 1 of the guest. Parent: the kernel; when it ends, the kernel panics, the machine stops, and the run has failed.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::Args;
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, sync};

use super::message::{Message, Run};
use super::plan::{PLAN, Plan, Target};
use super::refusals;

/// The result port: the second serial line.
const PORT: &str = "/dev/ttyS1";

/// One binary's tests; a machine without hardware virtualisation is some ten times slower than its host.
const BINARY: Duration = Duration::from_secs(600);

/// Source: `image.rs`, the guest's passwd.
const USER: u32 = 4242;

/// Arguments that the kernel hands to its first process.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The word in front of each message.
    #[arg(long)]
    word: String,
}

/// Runs the plan and switches the machine off; comes back only if that fails.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(getpid().as_raw() == 1, "this is the first process of a virtual machine, and of nothing else");
    mount_the_usual()?;
    let mut port = Port {
        file: File::options().write(true).open(PORT).context("failed to open the result port")?,
        word: options.word.clone(),
    };
    if let Err(error) = work(&mut port) {
        port.say(&Message::Broken(format!("{error:#}")))?;
    }
    port.file.sync_all().ok();
    sync();
    // QEMU runs with -no-reboot, so this is the end, with or without ACPI.
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
            // The kernel has mounted it itself.
            Err(nix::Error::EBUSY) => {}
            answer => answer.with_context(|| format!("failed to mount {folder}"))?,
        }
    }
    fs::set_permissions("/dev/shm", Permissions::from_mode(0o1777)).context("failed to open /dev/shm to all")
}

fn work(port: &mut Port) -> anyhow::Result<()> {
    let uptime = fs::read_to_string("/proc/uptime").context("failed to read the uptime")?;
    let seconds: f64 =
        uptime.split_whitespace().next().and_then(|word| word.parse().ok()).context("the uptime is no number")?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").context("failed to read the kernel's release")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an uptime of a few seconds")]
    port.say(&Message::Up { release: release.trim().to_owned(), after_ms: (seconds * 1000.0) as u64 })?;
    let plan: Plan = serde_json::from_str(&fs::read_to_string(PLAN).context("failed to read the plan")?)
        .context("the plan is none")?;
    prepare(port, &plan)?;
    for user in [User::root()?, User::unprivileged()?] {
        ask_doctor(port, &plan, &user)?;
        for target in &plan.targets {
            run_target(port, &plan, target, &user)?;
        }
        tell_skips(port, &user)?;
    }
    refusals::run(&plan, &mut |message| port.say(&message))?;
    port.say(&Message::Done)
}

fn prepare(port: &mut Port, plan: &Plan) -> anyhow::Result<()> {
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
    // As udev does.
    if Path::new("/dev/net/tun").exists() {
        fs::set_permissions("/dev/net/tun", Permissions::from_mode(0o666))
            .context("failed to open /dev/net/tun to all")?;
    }
    let up =
        Command::new("/sbin/ip").args(["link", "set", "dev", "lo", "up"]).status().context("failed to start ip")?;
    anyhow::ensure!(up.success(), "lo does not come up");
    fs::write("/proc/sys/kernel/hostname", "netns-guest").context("failed to set the host name")
}

/// Who runs tests.
pub(super) struct User {
    name: &'static str,
    pub(super) id: u32,
    home: PathBuf,
}

impl User {
    pub(super) fn root() -> anyhow::Result<Self> {
        Self { name: "root", id: 0, home: "/root".into() }.settle()
    }

    pub(super) fn unprivileged() -> anyhow::Result<Self> {
        Self { name: "user", id: USER, home: "/home/user".into() }.settle()
    }

    fn settle(self) -> anyhow::Result<Self> {
        for folder in [self.home.clone(), self.temporary()] {
            fs::create_dir_all(&folder).context("failed to make a home")?;
            chown(&folder, Some(self.id), Some(self.id)).context("failed to hand a home over")?;
        }
        Ok(self)
    }

    /// Root's is the folder of everybody: its tests also run programs as nobody, who cannot pass through its home.
    fn temporary(&self) -> PathBuf {
        if self.id == 0 { "/tmp".into() } else { self.home.join("tmp") }
    }

    fn skip_record(&self) -> PathBuf {
        self.home.join("skipped.txt")
    }

    /// The program as this user, with an environment of its own and in a session of its own.
    fn command(&self, program: &Path, plan: &Plan) -> Command {
        let mut command = self.command_of_root(program, plan);
        if self.id != 0 {
            // The standard library leaves root's groups as well.
            command.uid(self.id).gid(self.id);
        }
        command
    }

    /// The same by root, for a program that becomes the user itself.
    pub(super) fn command_of_root(&self, program: &Path, plan: &Plan) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir("/").stdin(Stdio::null());
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", &self.home)
            .env("TMPDIR", self.temporary());
        command
            .env("USER", self.name)
            .env("NETNS_SUITES", &plan.suites)
            .env(super::super::ci::SKIP_RECORD, self.skip_record());
        // Many moments and many random networks are for real machines; here it is shown that it works on this kernel.
        command
            .env("NETNS_KILLS", "25")
            .env("NETNS_CHAOS_KILLS", "20")
            .env("NETNS_NETWORKS", "5")
            .env("PROPTEST_CASES", "8");
        command.process_group(0);
        command
    }
}

fn ask_doctor(port: &mut Port, plan: &Plan, user: &User) -> anyhow::Result<()> {
    port.say(&Message::Started(Run { user: user.name.to_owned(), target: "doctor".to_owned() }))?;
    let answered = user.command(&plan.doctor, plan).arg("--json").output().context("failed to start the doctor")?;
    let answer: serde_json::Value = serde_json::from_slice(&answered.stdout)
        .with_context(|| format!("the doctor says: {}", String::from_utf8_lossy(&answered.stderr)))?;
    port.say(&Message::Doctor(answer.to_string()))
}

fn run_target(port: &mut Port, plan: &Plan, target: &Target, user: &User) -> anyhow::Result<()> {
    port.say(&Message::Started(Run { user: user.name.to_owned(), target: target.name.clone() }))?;
    let mut command = user.command(&target.path, plan);
    for test in &plan.skipped {
        command.args(["--skip", test]);
    }
    command.args(&plan.filter).stdout(Stdio::piped()).stderr(Stdio::piped());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("failed to start {}", target.path.display()))?;
    let how = follow(&mut child, start + BINARY, &mut |line| port.say(&Message::Line(line)))?;
    let took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    reap_orphans();
    let (success, how) = match how {
        Some(status) => (status.success(), describe(status)),
        None => (false, format!("was killed after {} s", BINARY.as_secs())),
    };
    port.say(&Message::Ended { success, how, took_ms })
}

/// Passes on what the child prints, until it has ended or its time is up.
pub(super) fn follow(
    child: &mut Child,
    deadline: Instant,
    on_line: &mut dyn FnMut(String) -> anyhow::Result<()>,
) -> anyhow::Result<Option<ExitStatus>> {
    let (sender, lines) = mpsc::sync_channel(256);
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        // Reads one stream; ends with it. One that a daemon holds open is left to the machine's end.
        thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if sender.send(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
    }
    drop(sender);
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => on_line(line)?,
            Err(RecvTimeoutError::Disconnected) => {
                return child.wait().map(Some).context("failed to wait for a test binary");
            }
            Err(RecvTimeoutError::Timeout) => {
                // ESRCH: it has just ended.
                let _ = killpg(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGKILL);
                child.wait().context("failed to wait for a test binary")?;
                return Ok(None);
            }
        }
    }
}

/// What tests left to pid 1, as every pid 1 has to.
pub(super) fn reap_orphans() {
    while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
    }
}

fn tell_skips(port: &mut Port, user: &User) -> anyhow::Result<()> {
    let record = match fs::read_to_string(user.skip_record()) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        text => text.context("failed to read the record of skips")?,
    };
    for line in record.lines() {
        let (test, reason) =
            line.split_once('\t').ok_or_else(|| anyhow!("a line of the record of skips is none: {line}"))?;
        port.say(&Message::Skipped { test: test.to_owned(), reason: reason.to_owned() })?;
    }
    Ok(())
}
