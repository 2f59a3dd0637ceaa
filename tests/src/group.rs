//! A control group that a test makes for the programs that it starts, to limit their number or their memory. Only root can make one.

use std::fs;
use std::io;
use std::ops::ControlFlow::{Break, Continue};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use netns_fixtures::TestResult;
use netns_fixtures::time::{Deadline, wait_until};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::suite::{NOBODY, User};
use crate::witness;

const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// How long the last processes of a group may take to end.
const END: Duration = Duration::from_secs(10);

const AGAIN: Duration = Duration::from_millis(1);

/// A new control group. Dropping it kills its processes and removes it; a test that is killed leaves it behind, without processes once they end.
#[derive(Debug)]
pub struct Group {
    folder: PathBuf,
}

impl Group {
    /// Makes a group that this controller limits; otherwise [skips](witness::skip) the calling test.
    ///
    /// # Errors
    ///
    /// The kernel refuses the group.
    pub fn make(controller: &str) -> io::Result<Option<Self>> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        if !geteuid().is_root() {
            witness::skip("requires root, which can make a control group");
            return Ok(None);
        }
        let groups = fs::read_to_string("/proc/self/cgroup")?;
        let Some(parent) = groups.lines().find_map(|group| parent(group, controller)) else {
            witness::skip(&format!(
                "requires the controller {controller} of control groups: no group above this process delegates it (cgroup v2: \
                 +{controller} in cgroup.subtree_control)"
            ));
            return Ok(None);
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("netns-tests-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => Ok(Some(Self { folder })),
            // Root of a container, or of a user namespace.
            Err(error) if [libc::EROFS, libc::EACCES, libc::EPERM].map(Some).contains(&error.raw_os_error()) => {
                witness::skip(&format!("requires a control group that root can make in {}: {error}", parent.display()));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes a value into a file of the group.
    ///
    /// # Errors
    ///
    /// The group has no such file, or the kernel refuses the value.
    pub fn set(&self, file: &str, value: u64) -> io::Result<()> {
        fs::write(self.folder.join(file), value.to_string())
    }

    /// Returns a number in a file of the group: the one in the line that begins with this name.
    ///
    /// # Errors
    ///
    /// The group has no such file, or the file has no such number.
    pub fn count(&self, file: &str, name: &str) -> TestResult<u64> {
        let counts = fs::read_to_string(self.folder.join(file))?;
        let count = counts.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        Ok(count.ok_or_else(|| format!("no number {name} in {file}: {counts}"))?)
    }

    /// Returns the program with its variables; it enters the group, then becomes this user. `subject` is `netns-subject`.
    pub fn command(&self, subject: &str, user: User, program: &Command) -> Command {
        let uid = if user == User::Nobody { NOBODY } else { geteuid().as_raw() };
        let mut command = Command::new(subject);
        command.arg("in-group").arg(&self.folder).arg(uid.to_string()).arg(program.get_program());
        command.args(program.get_args()).current_dir("/");
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Removes the group.
    ///
    /// # Errors
    ///
    /// A process in it has not ended.
    pub fn remove(self) -> TestResult {
        wait_until(Deadline::after(END), AGAIN, || match fs::remove_dir(&self.folder) {
            Ok(()) => Break(()),
            Err(error) => Continue((error, self.processes())),
        })?;
        Ok(())
    }

    fn processes(&self) -> Vec<Pid> {
        let processes = fs::read_to_string(self.folder.join("cgroup.procs")).unwrap_or_default();
        processes.lines().filter_map(|pid| pid.parse().ok().map(Pid::from_raw)).collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // `remove` reports what is left, and this does its best.
        let _ = wait_until(Deadline::after(END), AGAIN, || {
            for process in self.processes() {
                // ESRCH: it has ended.
                let _ = kill(process, Signal::SIGKILL);
            }
            match fs::remove_dir(&self.folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Continue(error),
                _ => Break(()),
            }
        });
    }
}

/// Returns the lowest limit that this file of this process's groups has; `None` without one.
pub fn lowest_limit(controller: &str, file: &str) -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let folders = groups.lines().flat_map(|group| folders(group, controller));
    folders.filter_map(|folder| fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()).min()
}

/// Returns the folders of a group, a line of `/proc/self/cgroup`, and of the groups above it; none without this controller. Source: cgroups(7).
fn folders(group: &str, controller: &str) -> Vec<PathBuf> {
    let root = Path::new(CONTROL_GROUPS);
    let folder = group.split_once(':').and_then(|(_, group)| match group.split_once(":/")? {
        ("", path) => Some(root.join(path)),
        (own, path) if own == controller => Some(root.join(controller).join(path)),
        _ => None,
    });
    let folder = folder.unwrap_or_default();
    folder.ancestors().take_while(|folder| folder.starts_with(root)).map(Path::to_owned).collect()
}

/// Returns the folder in which a new group has this controller. In version 1, only the files of `pids` are those of version 2.
fn parent(group: &str, controller: &str) -> Option<PathBuf> {
    let delegates = |folder: &PathBuf| {
        let controllers = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
        controllers.split_whitespace().any(|one| one == controller)
    };
    let is_of_version_1 = |folder: &PathBuf| controller == "pids" && folder.join("tasks").exists();
    folders(group, controller).into_iter().find(|folder| delegates(folder) || is_of_version_1(folder))
}
