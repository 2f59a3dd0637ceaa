//! Obstacles between one program and its namespaces, as containers, sandboxes and administrators put them there.
//!
//! Role: a process of the guest that applies the obstacles to itself, becomes the user, and then executes the program. Parent: the guest's
//! first process, which waits for it. It undoes nothing: its mounts, limits, filters and profiles end with the process.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, anyhow};
use clap::Args;
use nix::libc;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, Uid, chdir, chroot, setgid, setgroups, setuid};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};
use serde::{Deserialize, Serialize};

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// [`Obstacles`] as JSON.
    #[arg(long)]
    obstacles: String,
    /// The program by its path, and its arguments.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    program: Vec<OsString>,
}

/// All obstacles, in the order in which they apply. The default has none, and the program runs as root.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Obstacles {
    /// The folder of a control group.
    pub(super) group: Option<PathBuf>,
    /// The name of a loaded AppArmor profile.
    pub(super) profile: Option<String>,
    /// Changes of the mounts.
    pub(super) scenery: Vec<Scenery>,
    /// `RLIMIT_NPROC`.
    pub(super) processes: Option<u64>,
    /// User and group; 0 is root.
    pub(super) user: u32,
    /// The capabilities that root keeps, in the format of `setpriv --bounding-set`.
    pub(super) capabilities: Option<String>,
    /// Blocks the system calls that the default profile of container runtimes refuses to a process without `CAP_SYS_ADMIN`.
    pub(super) filter: bool,
}

/// Mounts over the machine's own mounts, or instead of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Scenery {
    /// A `/proc` with these options; proc(5).
    Proc(String),
    /// A `/proc` with hidden and read-only parts, as in containers.
    ProcOfContainers,
    /// A read-only root file system, except for temporary files and homes.
    ReadOnlyRoot,
    /// Programs below `/tmp` cannot be executed.
    NoProgramsInTmp,
    /// A root folder that is another mount, entered by chroot(2), as schroot does.
    Chroot,
}

/// Executes the program; returns only if that fails.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let obstacles: Obstacles = serde_json::from_str(&options.obstacles).context("the obstacles are none")?;
    // Shrinks the bounding set, so that the next program of root does not regain the capabilities.
    let left =
        obstacles.capabilities.as_ref().map(|left| ["setpriv", "--bounding-set", left, "--inh-caps", "-all", "--"]);
    let mut words = left.into_iter().flatten().map(OsString::from).chain(options.program.clone());
    let mut program = Command::new(words.next().context("there is no program")?);
    obstacles.put_up()?;
    Err(anyhow!(program.args(words).exec()).context("failed to execute the program"))
}

impl Obstacles {
    fn put_up(&self) -> anyhow::Result<()> {
        if let Some(group) = &self.group {
            fs::write(group.join("cgroup.procs"), std::process::id().to_string())
                .context("failed to enter the control group")?;
        }
        if let Some(profile) = &self.profile {
            // Applies from the next exec on. It comes before the mounts, which may make this file read-only.
            fs::write("/proc/self/attr/apparmor/exec", format!("exec {profile}"))
                .with_context(|| format!("failed to ask for the profile {profile}"))?;
        }
        if !self.scenery.is_empty() {
            unshare(CloneFlags::CLONE_NEWNS).context("failed to make a mount namespace")?;
            mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
                .context("failed to make the mounts private")?;
        }
        for scenery in &self.scenery {
            scenery.show().with_context(|| format!("failed to show {scenery:?}"))?;
        }
        if let Some(most) = self.processes {
            setrlimit(Resource::RLIMIT_NPROC, most, most).context("failed to set RLIMIT_NPROC")?;
        }
        if self.user != 0 {
            // Runs while the process still has the privilege: groups, then group, then user.
            setgroups(&[]).context("failed to leave root's groups")?;
            setgid(Gid::from_raw(self.user)).context("failed to set the group")?;
            setuid(Uid::from_raw(self.user)).context("failed to set the user")?;
        }
        if self.filter { filter_as_containers() } else { Ok(()) }
    }
}

impl Scenery {
    fn show(&self) -> nix::Result<()> {
        let none = None::<&str>;
        let again = |place: &str| mount(Some(place), place, none, MsFlags::MS_BIND | MsFlags::MS_REC, none);
        let remount =
            |place: &str, flags| mount(none, place, none, MsFlags::MS_BIND | MsFlags::MS_REMOUNT | flags, none);
        match self {
            Self::Proc(options) => mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), Some(&options[..])),
            Self::ProcOfContainers => {
                mount(Some("/dev/null"), "/proc/kcore", none, MsFlags::MS_BIND, none)?;
                mount(Some("tmpfs"), "/proc/acpi", Some("tmpfs"), MsFlags::MS_RDONLY, none)?;
                again("/proc/sys")?;
                remount("/proc/sys", MsFlags::MS_RDONLY)
            }
            Self::ReadOnlyRoot => {
                for kept in ["/tmp", "/root", "/home"] {
                    again(kept)?;
                }
                remount("/", MsFlags::MS_RDONLY)
            }
            Self::NoProgramsInTmp => mount(Some("tmpfs"), "/tmp", Some("tmpfs"), MsFlags::MS_NOEXEC, none),
            Self::Chroot => {
                // Recursive: the program needs /proc and its own files there.
                mount(Some("/"), "/mnt", none, MsFlags::MS_BIND | MsFlags::MS_REC, none)?;
                chroot("/mnt")?;
                chdir("/")
            }
        }
    }
}

/// Refuses the same calls as container runtimes: `clone3` does not exist, because a filter cannot read its flags; `clone` and `unshare`
/// with a new namespace, `setns` and mounts are not permitted.
fn filter_as_containers() -> anyhow::Result<()> {
    let namespaces = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    let with_namespace = || {
        let rule = |flag: libc::c_int| {
            let flag = u64::from(flag.cast_unsigned());
            let is_set = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)?;
            SeccompRule::new(vec![is_set])
        };
        namespaces.into_iter().map(rule).collect::<Result<Vec<_>, _>>()
    };
    let refused = [
        (libc::SYS_clone, with_namespace()?),
        (libc::SYS_unshare, with_namespace()?),
        (libc::SYS_setns, vec![]),
        (libc::SYS_mount, vec![]),
        (libc::SYS_umount2, vec![]),
    ];
    for (rules, errno) in [(BTreeMap::from(refused), libc::EPERM), ([(libc::SYS_clone3, vec![])].into(), libc::ENOSYS)]
    {
        let action = SeccompAction::Errno(errno.cast_unsigned());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, ARCH.try_into()?)?;
        apply_filter(&BpfProgram::try_from(filter)?).context("failed to install a seccomp filter")?;
    }
    Ok(())
}
