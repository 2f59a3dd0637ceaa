//! Finds the workspace, calls its cargo, and formats headings.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anstyle::Style;
use anyhow::{Context, bail};
use netns_vm::Paint;

pub(crate) use netns_vm::{BAD, GOOD, NOTABLE};

/// The workspace that contains this program.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// The temporary folder for started programs; `None` for that of this process.
    temporary: Option<PathBuf>,
}

impl Workspace {
    /// Returns the workspace whose cargo started this program, else the one that built it.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest_folder = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let member = PathBuf::from(manifest_folder);
        let root = member.parent().context("the package of xtask lies in no folder")?.to_owned();
        if !root.join("fixtures/Cargo.toml").is_file() {
            bail!("{} is not the workspace of netns-testkit: call it by `cargo xtask`", root.display());
        }
        Ok(Self { root, temporary: None })
    }

    /// The root folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the same workspace with another temporary folder for its programs.
    pub(crate) fn with_temporary_folder(&self, folder: &Path) -> Self {
        Self { root: self.root.clone(), temporary: Some(folder.to_owned()) }
    }

    /// The folder for temporary files.
    pub(crate) fn temporary_folder(&self) -> PathBuf {
        self.temporary.clone().unwrap_or_else(env::temp_dir)
    }

    /// Returns the cargo that runs this program, in the workspace's folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).env("TMPDIR", self.temporary_folder());
        // Removes cargo's variables about *this* package, which a program under test must not see.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                cargo.env_remove(name);
            }
        }
        cargo
    }

    /// Returns cargo for the workspace of the benches.
    pub(crate) fn bench_cargo(&self) -> Command {
        let mut cargo = self.cargo();
        cargo.current_dir(self.root.join("bench"));
        cargo
    }
}

/// Copies the content of a folder into a folder; creates the target if it is missing.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("failed to make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("failed to list {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("failed to copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// Runs a program of the workspace that reports its own result, and returns its exit status.
pub(crate) fn hand_on(command: &mut Command) -> anyhow::Result<ExitCode> {
    let status = command.status().context("failed to start cargo")?;
    let code = status.code().context("the program was ended by a signal")?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(2)))
}

/// Marks a heading.
pub(crate) const HEADING: Paint = Paint::new(Style::new().bold());
