//! nscd in the guest whose settings are turned: a daemon that answers the C library's lookups before it reads `/etc/hosts`. Names of
//! tests and hosts must not depend on it.
//!
//! Role: the process of a test binary, before it is that binary. Parent: the guest's first process.

use std::ffi::OsString;
use std::fs;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail, ensure};
use clap::Args;
use nix::mount::{MsFlags, mount};

use super::package::Files;

pub(super) const NSCD: Files = Files {
    name: "nscd",
    in_guest: "/netns-nscd",
    packages: &["nscd", "libaudit1", "libcap2", "libcap-ng0", "libselinux1", "libpcre2-8-0"],
    contents: &[
        ("usr/sbin/nscd", "nscd"),
        ("usr/lib/x86_64-linux-gnu/libaudit.so.1", "libaudit.so.1"),
        ("usr/lib/x86_64-linux-gnu/libcap.so.2", "libcap.so.2"),
        ("usr/lib/x86_64-linux-gnu/libcap-ng.so.0", "libcap-ng.so.0"),
        ("usr/lib/x86_64-linux-gnu/libselinux.so.1", "libselinux.so.1"),
        ("usr/lib/x86_64-linux-gnu/libpcre2-8.so.0", "libpcre2-8.so.0"),
    ],
};

/// The folder of nscd's socket; source: `_PATH_NSCDSOCKET` in nscd/nscd-client.h of glibc.
const FOLDER: &str = "/var/run/nscd";

/// As a distribution sets it up, without a log and without files that outlive the daemon; source: nscd.conf(5).
const SETTINGS: &str = "\
logfile /dev/null
enable-cache hosts yes
shared hosts yes
persistent hosts no
enable-cache passwd yes
enable-cache group yes
";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The program that runs beside nscd, and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    program: Vec<OsString>,
}

/// Makes the folder of the socket writable for the users of the guest, because each run starts its own nscd.
pub(super) fn prepare() -> anyhow::Result<()> {
    fs::create_dir_all(FOLDER).with_context(|| format!("failed to make {FOLDER}"))?;
    mount(Some("nscd"), FOLDER, Some("tmpfs"), MsFlags::empty(), Some("mode=0777"))
        .with_context(|| format!("failed to mount a tmpfs at {FOLDER}"))
}

/// Starts nscd as the calling user, and becomes the program.
///
/// # Errors
///
/// Fails if nscd does not start or nobody listens at its socket.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    super::only_in_the_guest()?;
    // The guest kills everything after each run, so the socket and the process id of the last daemon remain.
    for entry in fs::read_dir(FOLDER).with_context(|| format!("failed to list {FOLDER}"))? {
        fs::remove_file(entry?.path()).with_context(|| format!("failed to clear {FOLDER}"))?;
    }
    let settings = Path::new(FOLDER).join("nscd.conf");
    fs::write(&settings, SETTINGS).context("failed to write nscd's settings")?;
    // Ends when the daemon, which is then a child of the guest's first process, listens.
    let started = NSCD.command("nscd").arg("--config-file").arg(&settings).output().context("failed to start nscd")?;
    let said = String::from_utf8_lossy(&started.stderr);
    ensure!(started.status.success(), "nscd {}: {}", started.status, said.trim());
    UnixStream::connect(Path::new(FOLDER).join("socket")).context("nobody listens at nscd's socket")?;
    let [program, arguments @ ..] = &options.program[..] else { bail!("there is no program to run beside nscd") };
    Err(Command::new(program).args(arguments).exec()).with_context(|| format!("failed to become {}", program.display()))
}
