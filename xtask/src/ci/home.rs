//! The folder of the user of the unprivileged steps: copies of root's workspace, of root's cargo folder and of the built tests.
//!
//! The user sees each copy at the path of its original, in a mount namespace that ends with the program ([`as_user`](mod@super::as_user)). The
//! times of the files are those of the originals. So the user's cargo finds that everything is built: cargo compares these times, and the
//! compiled paths are absolute.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use netns_vm::SKIP_RECORD;
use nix::unistd::{Gid, Uid};
use serde_json::Value;

use super::dependencies::packages_of;
use crate::program::{output_of, this_program};
use crate::workspace::Workspace;

/// The programs of root's cargo, including nextest if cargo installed it.
const PROGRAMS_OF_CARGO: &str = "bin";

/// The folders of the target folder whose entries have the hash of what cargo compiled in their names.
const HASHED: [&str; 4] = ["deps", "examples", "build", ".fingerprint"];

/// Variables that change what cargo builds, or where. The user gets root's values; of the other variables, none.
const OF_BUILDS: [&str; 6] =
    ["CARGO_BUILD_", "CARGO_ENCODED_RUSTFLAGS", "CARGO_INCREMENTAL", "CARGO_PROFILE_", "CARGO_TARGET_", "RUSTFLAGS"];

/// The most paths in one call of `cp`; the kernel limits the length of a command line.
const AT_ONCE: usize = 1_000;

/// The user's folder.
pub(super) struct Home<'a> {
    folder: &'a Path,
    uid: Uid,
    gid: Gid,
    copies: [Copied; 3],
}

/// A folder of root and the user's copy, which the user sees at the original's path.
struct Copied {
    original: PathBuf,
    copy: PathBuf,
}

impl<'a> Home<'a> {
    /// Fills the folder. `messages` are those of cargo when it built what the user needs.
    pub(super) fn new(
        folder: &'a Path,
        (uid, gid): (Uid, Gid),
        workspace: &Workspace,
        messages: &[u8],
    ) -> anyhow::Result<Self> {
        let originals = [workspace.root().to_owned(), root_cargo_home()?, target_folder(workspace)?];
        let paths = [files(workspace.root())?, used_by_cargo(workspace)?, built(&originals[2], messages)?];
        let mut numbers = 0..;
        let copies = originals
            .map(|original| Copied { original, copy: folder.join(format!("copy-{}", numbers.next().unwrap_or(0))) });
        for (Copied { original, copy }, paths) in copies.iter().zip(&paths) {
            copy_paths(original, paths, copy)?;
        }
        let home = Self { folder, uid, gid, copies };
        fs::create_dir(home.temporary()).context("failed to make a folder")?;
        home.give_to_user()?;
        home.check()?;
        Ok(home)
    }

    pub(super) fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }

    /// The user cannot write to root's record and has a separate one.
    pub(super) fn skip_record(&self) -> PathBuf {
        self.folder.join("skipped.txt")
    }

    /// Returns cargo as the user.
    pub(super) fn cargo(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut cargo = self.program(&sysroot()?.join("bin/cargo"))?;
        cargo.args(arguments).arg("--offline");
        Ok(cargo)
    }

    /// Returns a program as the user, through [`as_user`](mod@super::as_user).
    fn program(&self, program: &Path) -> anyhow::Result<Command> {
        let [workspace, cargo_home, _] = &self.copies;
        let toolchain = sysroot()?;
        let mut command = Command::new(this_program()?);
        command.arg("as-user");
        command.arg("--uid").arg(self.uid.to_string()).arg("--gid").arg(self.gid.to_string());
        command.arg("--folder").arg(&workspace.original);
        for Copied { original, copy } in &self.copies {
            command.arg("--writable").args([copy, original]);
        }
        command.arg("--writable").args([self.folder, self.folder]);
        // The toolchain and cargo's programs may be readable by root only.
        for folder in [&toolchain, &cargo_home.original.join(PROGRAMS_OF_CARGO)] {
            if folder.is_dir() {
                command.arg("--read-only").args([folder, folder]);
            }
        }
        command.arg("--").arg(program);
        let mut path = toolchain.join("bin").into_os_string();
        path.push(":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        command.env_clear();
        command.env("PATH", path).env("HOME", self.folder).env("TMPDIR", self.temporary());
        command.env("CARGO_HOME", &cargo_home.original).env(SKIP_RECORD, self.skip_record());
        command.envs(std::env::vars_os().filter(|(name, _)| changes_builds(name)));
        Ok(command)
    }

    fn give_to_user(&self) -> anyhow::Result<()> {
        let mut chown = Command::new("chown");
        chown.args(["--recursive", "--no-dereference"]).arg(format!("{}:{}", self.uid, self.gid));
        succeed(chown.arg("--").arg(self.folder))
    }

    /// Checks that a file that the user creates in root's folder is the user's, in the copy, and not in root's folder.
    fn check(&self) -> anyhow::Result<()> {
        let name = format!("created-by-{}", self.uid);
        for Copied { original, copy } in &self.copies {
            succeed(self.program(Path::new("touch"))?.arg("--").arg(original.join(&name)))?;
            let created = fs::symlink_metadata(copy.join(&name)).map(|created| created.uid());
            let is_removed = |folder: &Path| fs::remove_file(folder.join(&name)).is_ok();
            let (in_copy, in_original) = (is_removed(copy), is_removed(original));
            ensure!(in_copy && !in_original, "the user writes to {}, not to its copy", original.display());
            let owner = created.context("failed to look at a file")?;
            ensure!(owner == self.uid.as_raw(), "the user of a program is {owner}");
        }
        Ok(())
    }
}

fn changes_builds(name: &OsStr) -> bool {
    OF_BUILDS.iter().any(|prefix| name.as_bytes().starts_with(prefix.as_bytes()))
}

/// Copies paths below a folder into another one, with their times.
fn copy_paths(from: &Path, paths: &[PathBuf], to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to).with_context(|| format!("failed to make {}", to.display()))?;
    for paths in paths.chunks(AT_ONCE) {
        let mut cp = Command::new("cp");
        cp.current_dir(from).args(["--archive", "--parents", "--reflink=auto", "--target-directory"]).arg(to);
        succeed(cp.arg("--").args(paths))?;
    }
    Ok(())
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = output_of(command, Stdio::piped())?;
    let name = command.get_program().display();
    ensure!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// Returns the paths of cargo's folder that the workspace uses: the settings, the registry's index, and of the downloaded packages those of
/// Cargo.lock. A developer's folder may have thousands. They are copied instead of mounted, because some packages contain files that only
/// their owner may read.
fn used_by_cargo(workspace: &Workspace) -> anyhow::Result<Vec<PathBuf>> {
    let lock = workspace.root().join("Cargo.lock");
    let lock = fs::read_to_string(&lock).with_context(|| format!("failed to read {}", lock.display()))?;
    let used: BTreeSet<String> = packages_of(&lock).iter().map(|package| package.replace(" v", "-")).collect();
    let cargo_home = root_cargo_home()?;
    let mut paths = vec![PathBuf::from("registry/index")];
    if cargo_home.join("config.toml").is_file() {
        paths.push("config.toml".into());
    }
    for downloads in ["registry/cache", "registry/src"] {
        for registry in list(&cargo_home.join(downloads))? {
            for entry in list(&registry.path())? {
                let name = entry.file_name();
                if name.to_str().is_some_and(|name| used.contains(name.strip_suffix(".crate").unwrap_or(name))) {
                    paths.push(Path::new(downloads).join(registry.file_name()).join(name));
                }
            }
        }
    }
    Ok(paths)
}

/// Returns the paths of the target folder that belong to these messages of cargo. A developer's folder also has the results of many earlier
/// builds. cargo would build again whatever is missing.
fn built(target: &Path, messages: &[u8]) -> anyhow::Result<Vec<PathBuf>> {
    let (mut hashes, mut inodes) = (BTreeSet::new(), BTreeSet::new());
    for line in String::from_utf8_lossy(messages).lines() {
        let message: Value = serde_json::from_str(line).context("a message of cargo is not JSON")?;
        let files = message["filenames"].as_array().into_iter().flatten().chain([&message["out_dir"]]);
        for file in files.filter_map(Value::as_str).map(Path::new) {
            hashes.extend(file.iter().filter_map(hash_of).map(str::to_owned));
            inodes.insert(fs::metadata(file).with_context(|| format!("cargo has not built {}", file.display()))?.ino());
        }
    }
    let mut candidates = Vec::new();
    for folder in HASHED.map(|folder| Path::new("debug").join(folder)) {
        for entry in list(&target.join(&folder))? {
            let name = entry.file_name();
            let Some(hash) = hash_of(&name).map(str::to_owned) else { continue };
            // A message names a program by its second link, which has no hash.
            if inodes.contains(&entry.metadata().context("a built file has disappeared")?.ino()) {
                hashes.insert(hash.clone());
            }
            candidates.push((folder.join(&name), hash));
        }
    }
    let mut paths: Vec<PathBuf> =
        candidates.into_iter().filter(|(_, hash)| hashes.contains(hash)).map(|(path, _)| path).collect();
    paths.push(".rustc_info.json".into());
    for entry in list(&target.join("debug"))? {
        if entry.path().is_file() {
            paths.push(Path::new("debug").join(entry.file_name()));
        }
    }
    Ok(paths)
}

/// Returns the hash at the end of `name-0123456789abcdef.extension`.
fn hash_of(name: &OsStr) -> Option<&str> {
    let (_, end) = name.to_str()?.rsplit_once('-')?;
    let hash = end.split('.').next()?;
    (hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(hash)
}

fn list(folder: &Path) -> anyhow::Result<Vec<DirEntry>> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect);
    entries.with_context(|| format!("failed to list {}", folder.display()))
}

/// Returns the files that git tracks, and new files that it does not ignore.
fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = Command::new("git")
        .current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .context("failed to start git")?;
    ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr).trim());
    let names = listed.stdout.split(|&byte| byte == 0).filter(|name| !name.is_empty());
    let paths = names.map(|name| PathBuf::from(OsStr::from_bytes(name)));
    // git still lists a file that was deleted without a commit.
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}

fn target_folder(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let metadata = ["metadata", "--no-deps", "--format-version", "1"];
    let metadata = output_of(workspace.cargo().args(metadata), Stdio::inherit())?;
    let metadata: Value = serde_json::from_slice(&metadata.stdout).context("cargo metadata does not print JSON")?;
    Ok(metadata["target_directory"].as_str().context("cargo metadata has no target folder")?.into())
}

fn sysroot() -> anyhow::Result<PathBuf> {
    let printed = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "sysroot"])
        .output()
        .context("failed to start rustc")?;
    ensure!(printed.status.success(), "rustc does not say where it is");
    Ok(PathBuf::from(String::from_utf8(printed.stdout).context("the toolchain's path is no UTF-8")?.trim_end()))
}

fn root_cargo_home() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("CARGO_HOME") {
        return Ok(folder.into());
    }
    Ok(std::env::home_dir().context("there is neither CARGO_HOME nor HOME")?.join(".cargo"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_these_messages_are_copied_and_those_of_other_builds_are_not() -> anyhow::Result<()> {
        let target = tempfile::tempdir()?;
        let at = |path: &str| target.path().join(path);
        for folder in HASHED {
            fs::create_dir_all(at("debug").join(folder))?;
        }
        let (library, program, old) = ("00000000000000aa", "00000000000000bb", "00000000000000cc");
        for hash in [library, program, old] {
            fs::create_dir(at(&format!("debug/.fingerprint/its-{hash}")))?;
            fs::write(at(&format!("debug/deps/its-{hash}.d")), "")?;
        }
        fs::write(at(&format!("debug/deps/libits-{library}.rlib")), "")?;
        fs::write(at(&format!("debug/deps/its-{program}")), "")?;
        // cargo names a program by the second link.
        fs::hard_link(at(&format!("debug/deps/its-{program}")), at("debug/its"))?;
        let messages = [format!("debug/deps/libits-{library}.rlib"), "debug/its".to_owned()]
            .map(|path| serde_json::json!({ "filenames": [at(&path)] }).to_string());
        let mut paths = built(target.path(), messages.join("\n").as_bytes())?;
        paths.sort();
        let expected = [
            ".rustc_info.json".to_owned(),
            format!("debug/.fingerprint/its-{library}"),
            format!("debug/.fingerprint/its-{program}"),
            format!("debug/deps/its-{library}.d"),
            format!("debug/deps/its-{program}"),
            format!("debug/deps/its-{program}.d"),
            format!("debug/deps/libits-{library}.rlib"),
            "debug/its".to_owned(),
        ];
        assert_eq!(paths, expected.map(PathBuf::from));
        Ok(())
    }

    #[test]
    fn only_variables_of_builds_are_passed_on() {
        let rows =
            [("CARGO_TARGET_DIR", true), ("CARGO_PROFILE_DEV_DEBUG", true), ("CARGO_PKG_NAME", false), ("HOME", false)];
        for (name, expected) in rows {
            assert_eq!(changes_builds(OsStr::new(name)), expected, "{name}");
        }
    }
}
