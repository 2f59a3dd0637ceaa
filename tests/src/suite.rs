//! A suite of `tests/suites`: built by cargo, run as libtest's binary or by nextest, as this user or as nobody.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// The ids of the user and the group that own nothing; source: `DEFAULT_OVERFLOWUID` in include/linux/highuid.h.
pub const NOBODY: u32 = 65_534;

/// Who runs a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Who runs this process.
    Caller,
    /// A user without privileges; only root can become it.
    Nobody,
}

impl User {
    /// Everybody whom this process can be: root can also be nobody.
    pub fn all() -> &'static [Self] {
        if nix::unistd::geteuid().is_root() { &[Self::Caller, Self::Nobody] } else { &[Self::Caller] }
    }
}

/// A built suite, in a folder that everybody can read.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use netns_tests::suite::{Suite, User};
///
/// let suite = Suite::build("misbehaving")?;
/// let output = suite.libtest(User::Nobody)?.args(["--test-threads", "8"]).output()?;
/// assert_eq!(output.status.code(), Some(101));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Suite {
    name: &'static str,
    folder: TempDir,
}

impl Suite {
    /// Builds the suite, with the features of the whole workspace, so that its dependencies are built already.
    ///
    /// # Errors
    ///
    /// When cargo cannot be started or does not build it; the text is cargo's.
    pub fn build(name: &'static str) -> io::Result<Self> {
        /// Tests of one process would wait for each other in cargo anyway, with a line each about it.
        static ONE_BUILD: Mutex<()> = Mutex::new(());
        let _turn = ONE_BUILD.lock().unwrap_or_else(PoisonError::into_inner);
        let executable = match env::var_os(BUILT_SUITES) {
            Some(folder) => Path::new(&folder).join(name),
            None => build_by_cargo(name)?,
        };
        let folder = tempfile::Builder::new().prefix("netns-suite-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let suite = Self { name, folder };
        // Not by this process: a child that another test starts meanwhile would hold the file open for writing until it is its own
        // program, and a file that somebody writes cannot be run (ETXTBSY).
        let copied = Command::new("cp").arg("--").arg(&executable).arg(suite.binary()).output()?;
        if !copied.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&copied.stderr).into_owned()));
        }
        Ok(suite)
    }

    /// The test binary.
    pub fn binary(&self) -> PathBuf {
        self.folder.path().join(self.name)
    }

    /// The binary as that user, with none of this run's variables that change what a test does.
    ///
    /// # Errors
    ///
    /// When there is no folder to be had for the user's files.
    pub fn libtest(&self, user: User) -> io::Result<Command> {
        let mut command = Command::new(self.binary());
        without_our_variables(&mut command);
        command.current_dir("/");
        if user == User::Nobody {
            let own = self.folder.path().join("tmp");
            if !own.is_dir() {
                fs::create_dir(&own)?;
                chown(&own, Some(NOBODY), Some(NOBODY))?;
            }
            // The standard library also leaves root's groups.
            command.uid(NOBODY).gid(NOBODY).env("TMPDIR", &own).env("HOME", &own);
        }
        Ok(command)
    }

    /// nextest on this suite, as this user.
    pub fn nextest(&self) -> Command {
        let mut command = cargo();
        command.args(["nextest", "run", "--workspace", "--test", self.name, "--no-fail-fast", "--color", "never"]);
        command.args(["--failure-output", "immediate", "--success-output", "immediate", "--status-level", "all"]);
        command.args(["--final-status-level", "none"]);
        command
    }
}

/// Names a folder with suites that are built already, for machines without a toolchain: those of `cargo xtask vm-test`.
const BUILT_SUITES: &str = "NETNS_SUITES";

fn build_by_cargo(name: &str) -> io::Result<PathBuf> {
    let built =
        cargo().args(["test", "--workspace", "--no-run", "--message-format", "json", "--test", name]).output()?;
    if !built.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&built.stderr).into_owned()));
    }
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| io::Error::other(format!("cargo names no executable for the suite {name}")))
}

/// Cargo in the workspace, with none of this run's variables.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    without_our_variables(&mut command);
    command.current_dir(workspace());
    command
}

/// The workspace's folder.
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A run of nextest inside a test of nextest would take itself for that test; skips of a suite are none of this run.
fn without_our_variables(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let changes_a_test = name.starts_with("NETNS_TEST_") || name.starts_with("NEXTEST") || name == "RUST_BACKTRACE";
        if changes_a_test || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
}
