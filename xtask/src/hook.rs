//! `cargo xtask hook`: runs the lint before each commit, for plain git. It reports findings in staged files, and reads the
//! rest of their packages for the effects of their functions.
//!
//! The hook is one line that calls this program, so it never needs a new installation. This command neither replaces nor removes another
//! tool's hook.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anstream::println;
use anyhow::{Context, bail, ensure};
use clap::Subcommand;

use crate::workspace::Workspace;

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Lint the staged files before each commit.
    Install,
    /// Take the hook away again.
    Remove,
    /// Lint the staged files, as the hook does.
    Run,
}

const HOOK: &str = "\
#!/bin/sh
# Made by `cargo xtask hook install`; `cargo xtask hook remove` takes it away.
exec cargo xtask hook run
";

/// Exits with 0 if the action succeeded or the lint found nothing, else with the status of the lint.
pub(crate) fn run(workspace: &Workspace, action: &Action) -> anyhow::Result<ExitCode> {
    let root = workspace.root();
    match action {
        Action::Install => {
            let hook = hook_of(root)?;
            install(&hook)?;
            println!("{} lints what is staged before each commit", hook.display());
        }
        Action::Remove => {
            let hook = hook_of(root)?;
            println!("{} {}", hook.display(), if remove(&hook)? { "is gone" } else { "was not there" });
        }
        Action::Run => {
            let staged = staged(root)?;
            if !staged.is_empty() {
                let arguments = ["cargo xtask hook run", "--"].map(OsString::from);
                let status =
                    netns_lint::run(arguments.into_iter().chain(staged.into_iter().map(PathBuf::into_os_string)));
                return Ok(ExitCode::from(status));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The path where git looks for the hook; it depends on `core.hooksPath` and worktrees.
fn hook_of(root: &Path) -> anyhow::Result<PathBuf> {
    let answer = git(root, &["rev-parse", "--git-path", "hooks/pre-commit"])?;
    let path = answer.strip_suffix(b"\n").unwrap_or(&answer);
    Ok(root.join(OsStr::from_bytes(path)))
}

/// Returns the staged Rust files that exist: deleted files and files outside a sparse checkout cannot be read.
fn staged(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = git(root, &["diff", "--cached", "--name-only", "-z", "--diff-filter=ACMR", "--", "*.rs"])?;
    let names = list.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(|name| root.join(OsStr::from_bytes(name))).filter(|path| path.is_file()).collect())
}

fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let ran = Command::new("git").args(arguments).current_dir(root).output().context("failed to start git")?;
    ensure!(ran.status.success(), "git {}: {}", arguments.join(" "), String::from_utf8_lossy(&ran.stderr).trim());
    Ok(ran.stdout)
}

fn install(hook: &Path) -> anyhow::Result<()> {
    if let Some(folder) = hook.parent() {
        fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    }
    let made = fs::OpenOptions::new().write(true).create_new(true).open(hook);
    let mut file = match made {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            ensure!(is_ours(hook)?, "{} is another hook: let it call `cargo xtask hook run`", hook.display());
            return Ok(());
        }
        Err(error) => bail!("failed to make {}: {error}", hook.display()),
    };
    file.write_all(HOOK.as_bytes())?;
    file.set_permissions(fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Removes our hook; returns whether it existed.
fn remove(hook: &Path) -> anyhow::Result<bool> {
    if !hook.exists() {
        return Ok(false);
    }
    ensure!(is_ours(hook)?, "{} is another hook", hook.display());
    fs::remove_file(hook).with_context(|| format!("failed to remove {}", hook.display()))?;
    Ok(true)
}

fn is_ours(hook: &Path) -> anyhow::Result<bool> {
    let text = fs::read(hook).with_context(|| format!("failed to read {}", hook.display()))?;
    Ok(text == HOOK.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hook_comes_and_goes_and_another_one_stays() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        git(folder.path(), &["init", "--quiet"])?;
        let hook = hook_of(folder.path())?;
        assert_eq!(hook, folder.path().join(".git/hooks/pre-commit"));
        assert!(!remove(&hook)?);
        install(&hook)?;
        install(&hook)?;
        assert_eq!(fs::metadata(&hook)?.permissions().mode() & 0o777, 0o755);
        assert!(remove(&hook)? && !hook.exists());
        fs::write(&hook, "#!/bin/sh\nexit 1\n")?;
        assert!(install(&hook).is_err() && remove(&hook).is_err());
        assert!(fs::read_to_string(&hook)?.contains("exit 1"));
        git(folder.path(), &["config", "core.hooksPath", "elsewhere"])?;
        assert_eq!(hook_of(folder.path())?, folder.path().join("elsewhere/pre-commit"));
        Ok(())
    }

    #[test]
    fn what_is_staged_and_there_is_linted() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        git(root, &["init", "--quiet"])?;
        for name in ["a b\n.rs", "gone.rs", "not_staged.rs", "text.md"] {
            fs::write(root.join(name), "")?;
        }
        assert_eq!(staged(root)?, Vec::<PathBuf>::new());
        git(root, &["add", "a b\n.rs", "gone.rs", "text.md"])?;
        fs::remove_file(root.join("gone.rs"))?;
        assert_eq!(staged(root)?, [root.join("a b\n.rs")]);
        Ok(())
    }
}
