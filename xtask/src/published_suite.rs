//! The test suite of a published crate: cargo downloads its sources from the registry, builds it, and an ordinary user runs it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anstream::println;
use anyhow::{Context, bail, ensure};
use nix::unistd::geteuid;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{executables, output_of};
use crate::workspace::{Workspace, copy_folder};

/// The ids of the user and the group nobody; source: `DEFAULT_OVERFLOWUID` in include/linux/highuid.h.
const NOBODY: &str = "65534";

/// A crate of the registry, at one version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Published {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

/// The result of each test of a suite, by target and name: `ok`, `FAILED` or `ignored`.
pub(crate) type Told = BTreeMap<String, String>;

/// The folder, below the workspace, in which a command keeps the sources and the target folder of its suites.
#[derive(Debug)]
pub(crate) struct Sources {
    folder: PathBuf,
}

/// The folder from which the user runs the suites. It is removed with this value.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: TempDir,
    temporary: PathBuf,
}

/// How a suite runs.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    /// The words before the test binary.
    pub(crate) runner: &'a [&'a str],
    /// The number of tests that run at once; libtest's own default if `None`.
    pub(crate) threads: Option<&'a str>,
    /// Variables, next to `PATH` and `TMPDIR`.
    pub(crate) variables: &'a [(&'a str, &'a Path)],
    /// Whether the output of a binary with failed tests is printed.
    pub(crate) show: bool,
}

impl Sources {
    /// Makes the folder `target/<name>`.
    pub(crate) fn new(workspace: &Workspace, name: &str) -> anyhow::Result<Self> {
        let folder = workspace.root().join("target").join(name);
        fs::create_dir_all(folder.join("src")).context("failed to make a folder")?;
        Ok(Self { folder })
    }

    /// Returns a copy of the sources of each crate, in their order: cargo fetches them for a package that depends on them.
    pub(crate) fn fetch(&self, workspace: &Workspace, crates: &[Published]) -> anyhow::Result<Vec<PathBuf>> {
        let dependencies: String = crates
            .iter()
            .fold(String::new(), |all, Published { name, version }| all + &format!("{name} = \"={version}\"\n"));
        let manifest = format!(
            "[package]\nname = \"published-suites\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n[workspace]\n"
        );
        fs::write(self.folder.join("Cargo.toml"), manifest).context("failed to write a manifest")?;
        fs::write(self.folder.join("src/lib.rs"), "").context("failed to write a library")?;
        let told = output_of(
            workspace.cargo().current_dir(&self.folder).args(["metadata", "--format-version", "1"]),
            Stdio::inherit(),
        )?;
        ensure!(told.status.success(), "the crates cannot be fetched");
        let metadata: Value = serde_json::from_slice(&told.stdout).context("cargo's metadata is not JSON")?;
        let packages = metadata["packages"].as_array().context("cargo names no packages")?;
        crates
            .iter()
            .map(|Published { name, version }| {
                let package =
                    packages.iter().find(|package| package["name"] == *name && package["version"] == *version);
                let manifest = package.and_then(|package| package["manifest_path"].as_str()).map(Path::new);
                let source =
                    manifest.and_then(Path::parent).with_context(|| format!("cargo has not fetched {name}"))?;
                self.copy(source, &format!("{name}-{version}"))
            })
            .collect()
    }

    /// Copies sources: cargo does not build in the registry's folder, and a suite may write beside its sources.
    pub(crate) fn copy(&self, source: &Path, name: &str) -> anyhow::Result<PathBuf> {
        let copy = self.folder.join(name);
        drop(fs::remove_dir_all(&copy));
        copy_folder(source, &copy)?;
        Ok(copy)
    }

    /// Builds the test binaries that the arguments of `cargo test` select, and copies them to the stage.
    pub(crate) fn build(
        &self,
        workspace: &Workspace,
        source: &Path,
        arguments: &[impl AsRef<std::ffi::OsStr>],
        stage: &Stage,
    ) -> anyhow::Result<Vec<(String, PathBuf)>> {
        // cargo would ask a package below a workspace whether it is a member.
        let manifest = source.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).context("failed to read a manifest")?;
        if !text.contains("[workspace]") {
            fs::write(&manifest, text + "\n[workspace]\n").context("failed to write a manifest")?;
        }
        let built = output_of(
            workspace
                .cargo()
                .current_dir(source)
                .args(["test", "--no-run", "--message-format", "json-render-diagnostics"])
                .args(arguments)
                .env("CARGO_TARGET_DIR", self.folder.join("target"))
                .env("RUSTFLAGS", "--cap-lints allow"),
            Stdio::inherit(),
        )?;
        let name = source.file_name().context("the sources have no name")?.to_string_lossy();
        if !built.status.success() {
            bail!("the suite of {name} does not build");
        }
        let mut binaries = Vec::new();
        for (target, executable) in executables(&built.stdout)? {
            let copy = stage.path().join(format!("{name}-{target}"));
            fs::copy(&executable, &copy).context("failed to copy a test binary")?;
            binaries.push((target, copy));
        }
        ensure!(!binaries.is_empty(), "the suite of {name} has no test binary");
        Ok(binaries)
    }
}

impl Stage {
    /// Makes the folder. Everybody may read it: the user needs access to the binaries.
    pub(crate) fn new(workspace: &Workspace) -> anyhow::Result<Self> {
        let folder = TempDir::with_prefix_in("netns-published-suites-", workspace.temporary_folder());
        let folder = folder.context("failed to make a folder")?;
        set_mode(folder.path(), 0o755)?;
        // Files that the suites leave are removed with it.
        let temporary = folder.path().join("tmp");
        fs::create_dir(&temporary).context("failed to make a folder")?;
        set_mode(&temporary, 0o1777)?;
        Ok(Self { folder, temporary })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that the user may write to.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Builds netns-run and copies it to the stage.
    pub(crate) fn add_netns_run(&self, workspace: &Workspace) -> anyhow::Result<String> {
        let built = output_of(
            workspace
                .cargo()
                .args(["build", "--package", "netns-run", "--bin", "netns-run"])
                .args(["--message-format", "json-render-diagnostics"]),
            Stdio::inherit(),
        )?;
        let (_, executable) = executables(&built.stdout)?.pop().context("cargo has built no netns-run")?;
        let copy = self.path().join("netns-run");
        fs::copy(executable, &copy).context("failed to copy netns-run")?;
        Ok(copy.display().to_string())
    }

    /// Runs each binary alone, as nobody if the caller is root.
    pub(crate) fn run(&self, binaries: &[(String, PathBuf)], source: &Path, run: &Run<'_>) -> anyhow::Result<Told> {
        let mut told = Told::new();
        for (target, binary) in binaries {
            let mut words: Vec<&str> = Vec::new();
            if geteuid().is_root() {
                words.extend(["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]);
            }
            words.extend(run.runner);
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).arg(binary);
            command.args(run.threads.map(|threads| ["--test-threads", threads]).into_iter().flatten());
            // The user may lack access to the sources' folder.
            command.current_dir(if geteuid().is_root() { Path::new("/") } else { source });
            command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
            command.env("TMPDIR", self.temporary()).envs(run.variables.iter().copied());
            let ended = output_of(&mut command, Stdio::piped())?;
            let printed = String::from_utf8_lossy(&ended.stdout);
            let mut of_binary: Told = printed
                .lines()
                .filter_map(libtest_line)
                .map(|(test, outcome)| (format!("{target} {test}"), outcome.to_owned()))
                .collect();
            // A binary that died early has lost tests, for which libtest prints no line.
            if !ended.status.success() && !printed.contains("test result: ") {
                of_binary.insert(format!("{target} (the binary: {})", ended.status), "FAILED".to_owned());
            }
            if run.show && number_of(&of_binary, "FAILED") > 0 {
                println!("{printed}{}", String::from_utf8_lossy(&ended.stderr));
            }
            told.append(&mut of_binary);
        }
        Ok(told)
    }
}

/// Returns how many tests ended in this way.
pub(crate) fn number_of(told: &Told, outcome: &str) -> usize {
    told.values().filter(|told| *told == outcome).count()
}

fn set_mode(folder: &Path, mode: u32) -> anyhow::Result<()> {
    let set = fs::set_permissions(folder, fs::Permissions::from_mode(mode));
    set.with_context(|| format!("failed to open {} to others", folder.display()))
}

fn libtest_line(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    ["ok", "FAILED", "ignored"].iter().find(|known| outcome.starts_with(**known)).map(|outcome| (name, *outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libtest_are_read_and_others_are_not() {
        assert_eq!(libtest_line("test link::test::add ... ok"), Some(("link::test::add", "ok")));
        assert_eq!(libtest_line("test a ... ignored, needs root"), Some(("a", "ignored")));
        assert_eq!(libtest_line("test result: FAILED. 1 passed"), None);
    }
}
