//! Where the workspace is, how its cargo is called, and how headings look.

use std::env;
use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anstyle::{AnsiColor, Style};
use anyhow::{Context, bail};

/// The workspace that this program is a member of.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    /// Where programs that it starts put temporary files; `None`: where this one does.
    temporary: Option<PathBuf>,
}

impl Workspace {
    /// The one that cargo has started this program from, else the one that it was built in.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let manifest_folder = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let member = PathBuf::from(manifest_folder);
        let root = member.parent().context("the package of xtask lies in no folder")?.to_owned();
        if !root.join("fixtures/Cargo.toml").is_file() {
            bail!("{} is not the workspace of netns-testkit: call it by `cargo xtask`", root.display());
        }
        Ok(Self { root, temporary: None })
    }

    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The same workspace, whose programs put their temporary files there.
    pub(crate) fn with_temporary_folder(&self, folder: &Path) -> Self {
        Self { root: self.root.clone(), temporary: Some(folder.to_owned()) }
    }

    /// Where temporary files go.
    pub(crate) fn temporary_folder(&self) -> PathBuf {
        self.temporary.clone().unwrap_or_else(env::temp_dir)
    }

    /// The cargo that runs this program, in the workspace's folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).env("TMPDIR", self.temporary_folder());
        // What cargo tells about *this* package is nothing that a program under test should see.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
                cargo.env_remove(name);
            }
        }
        cargo
    }

    /// The same in the workspace of the benches.
    pub(crate) fn bench_cargo(&self) -> Command {
        let mut cargo = self.cargo();
        cargo.current_dir(self.root.join("bench"));
        cargo
    }
}

/// Copies a folder's content into a folder, which need not be there yet.
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

/// Runs a program of the workspace that says itself how it went, and gives its exit status.
pub(crate) fn hand_on(command: &mut Command) -> anyhow::Result<ExitCode> {
    let status = command.status().context("failed to start cargo")?;
    let code = status.code().context("the program was ended by a signal")?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(2)))
}

/// A way to emphasise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(Style);

/// A heading.
pub(crate) const HEADING: Paint = Paint(Style::new().bold());
/// What is as it should be.
pub(crate) const GOOD: Paint = Paint(AnsiColor::Green.on_default().bold());
/// What is not.
pub(crate) const BAD: Paint = Paint(AnsiColor::Red.on_default().bold());
/// What should be seen but is no failure.
pub(crate) const NOTABLE: Paint = Paint(AnsiColor::Yellow.on_default().bold());

impl Paint {
    /// The text with the escape sequences around it; `anstream` takes them out where no terminal shows them.
    pub(crate) fn paint(self, text: impl Display) -> impl Display {
        Painted { style: self.0, text }
    }
}

struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, text } = self;
        write!(formatter, "{style}{text}{style:#}")
    }
}
