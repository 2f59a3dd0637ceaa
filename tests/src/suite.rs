//! A suite of `tests/suites`: cargo builds it, and it runs as libtest's binary or under nextest, as this user or as nobody.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// The ids of the user and the group nobody; source: `DEFAULT_OVERFLOWUID` in include/linux/highuid.h.
pub const NOBODY: u32 = 65_534;

/// The user who runs a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// The user of this process.
    Caller,
    /// An unprivileged user; only root can become it.
    Nobody,
}

impl User {
    /// Returns every user that this process can be: root can also be nobody.
    pub fn all() -> &'static [Self] {
        if nix::unistd::geteuid().is_root() { &[Self::Caller, Self::Nobody] } else { &[Self::Caller] }
    }
}

/// A built suite, in a world-readable folder.
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
    /// Builds the suite with the features of the whole workspace, so that it reuses the built dependencies.
    ///
    /// # Errors
    ///
    /// Fails if cargo cannot start or the build fails; the text is cargo's message.
    pub fn build(name: &'static str) -> io::Result<Self> {
        /// Tests of one process would wait for each other in cargo anyway, and cargo prints a line for each wait.
        static ONE_BUILD: Mutex<()> = Mutex::new(());
        let _turn = ONE_BUILD.lock().unwrap_or_else(PoisonError::into_inner);
        let executable = match env::var_os(BUILT_SUITES) {
            Some(folder) => Path::new(&folder).join(name),
            None => build_by_cargo(name)?,
        };
        let folder = tempfile::Builder::new().prefix("netns-suite-").tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let suite = Self { name, folder };
        // `cp` writes the file, not this process: a child that another test forks meanwhile would hold the file open for writing until its
        // exec, and the kernel refuses to execute a file that is open for writing (ETXTBSY).
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

    /// Returns the binary as that user, without this run's variables that change a test's behaviour.
    ///
    /// # Errors
    ///
    /// Fails if the user's folder cannot be created.
    pub fn libtest(&self, user: User) -> io::Result<Command> {
        self.program(self.binary(), user)
    }

    /// Returns this program with [`libtest`](Self::libtest)'s user and variables: one that then becomes the binary, for example.
    ///
    /// # Errors
    ///
    /// Fails if the user's folder cannot be created.
    pub fn program(&self, program: impl AsRef<OsStr>, user: User) -> io::Result<Command> {
        let mut command = Command::new(program);
        without_our_variables(&mut command);
        command.current_dir("/");
        if user == User::Nobody {
            let own = self.folder.path().join("tmp");
            if !own.is_dir() {
                fs::create_dir(&own)?;
                chown(&own, Some(NOBODY), Some(NOBODY))?;
            }
            // The standard library also drops root's groups.
            command.uid(NOBODY).gid(NOBODY).env("TMPDIR", &own).env("HOME", &own);
        }
        Ok(command)
    }

    /// Returns nextest on this suite, as this user.
    pub fn nextest(&self) -> Command {
        let mut command = cargo();
        command.args(["nextest", "run", "--workspace", "--test", self.name, "--no-fail-fast", "--color", "never"]);
        command.args(["--failure-output", "immediate", "--success-output", "immediate", "--status-level", "all"]);
        command.args(["--final-status-level", "none"]);
        command
    }
}

/// The variable with a folder of built suites, for machines without a toolchain: those of `cargo xtask vm-test`.
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

/// Returns cargo in the workspace, without this run's variables.
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

/// nextest inside a test of nextest would take itself for that test; skips of a suite do not belong in this run's record.
fn without_our_variables(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let changes_a_test = name.starts_with("NETNS_TEST_") || name.starts_with("NEXTEST") || name == "RUST_BACKTRACE";
        if changes_a_test || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
}
