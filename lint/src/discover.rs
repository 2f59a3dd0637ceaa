//! Which files are read, which package each belongs to, and which of them are test code by where they stand.
//!
//! A file is test code as a whole if it belongs to a test, bench or example target, or to a support crate (a member
//! that other members only dev-depend on, or that the configuration names). In every other file it depends on
//! attributes, and on how `mod` declarations reach the file; see [`crate::engine`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use crate::config::{Config, absolute};
use crate::error::Error;
use crate::finding::Problem;

/// A file to read.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// Relative to the working folder where it lies below it, else as given.
    pub path: PathBuf,
    /// Index into [`Discovery::packages`].
    pub package: usize,
    /// Why all of it is test code, if it is.
    pub whole: Option<&'static str>,
    /// Whether findings in it are wanted; the rest is read for what its functions do.
    pub wanted: bool,
}

/// A folder with a `Cargo.toml`, or the folder that was given where there is none.
#[derive(Debug)]
pub(crate) struct Package {
    /// The folder.
    pub root: PathBuf,
    /// The folder of the workspace that it belongs to, itself if it has none.
    pub workspace: PathBuf,
    manifest: Manifest,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// Sorted by path, each once.
    pub candidates: Vec<Candidate>,
    /// In the order of discovery.
    pub packages: Vec<Package>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

#[derive(Debug, Default)]
struct Manifest {
    name: Option<String>,
    is_workspace: bool,
    target_paths: Vec<(PathBuf, &'static str)>,
    normal: BTreeSet<String>,
    dev: BTreeSet<String>,
}

/// Finds the Rust files below `paths`.
///
/// # Errors
/// [`Error::MissingPath`], and [`Error::NoFiles`] if there is no Rust file at all.
pub(crate) fn discover(paths: &[PathBuf], config: &Config) -> Result<Discovery, Error> {
    let mut found = Discovery::default();
    let mut files = BTreeMap::<PathBuf, (PathBuf, bool)>::new();
    let mut seen = BTreeSet::new();
    let mut package_roots = BTreeSet::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|_| Error::MissingPath { path: path.clone() })?;
        if metadata.is_dir() {
            walk(path, path, true, &mut files, &mut found.problems);
        } else {
            files.insert(tidy(path), (path.parent().unwrap_or(Path::new("")).to_path_buf(), true));
            if config.whole_package
                && let Some(root) = manifest_above(path)
            {
                package_roots.insert(root);
            }
        }
    }
    for root in package_roots {
        // The empty path is the working folder, which only `.` can open.
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        walk(&root, &root, false, &mut files, &mut found.problems);
    }
    let mut known = HashMap::<PathBuf, usize>::new();
    // The same file by two names is one file, and the name that was asked for is the one to report.
    let (asked_for, read_along): (Vec<_>, Vec<_>) = files.into_iter().partition(|(_, (_, wanted))| *wanted);
    for (path, (given, wanted)) in asked_for.into_iter().chain(read_along) {
        if !seen.insert(std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let package = if let Some(index) = known.get(&folder) {
            *index
        } else {
            let root = manifest_above(&path).unwrap_or_else(|| given.clone());
            let index = found.packages.iter().position(|package| package.root == root).unwrap_or_else(|| {
                found.packages.push(Package::read(root, &mut found.problems));
                found.packages.len() - 1
            });
            known.insert(folder, index);
            index
        };
        let whole = found.packages[package].whole(&path);
        found.candidates.push(Candidate { path, package, whole, wanted });
    }
    found.candidates.sort_by(|a, b| a.path.cmp(&b.path));
    if !found.candidates.iter().any(|candidate| candidate.wanted) && found.problems.is_empty() {
        let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(Error::NoFiles { paths: shown.join(", ") });
    }
    let support = support_packages(&found.packages, config);
    for candidate in &mut found.candidates {
        if candidate.whole.is_none() && support.contains(&candidate.package) {
            candidate.whole = Some("a support crate: others only dev-depend on it");
        }
    }
    Ok(found)
}

/// A file or folder that no walk enters.
pub(crate) struct LeftOut {
    /// As the walk would name it.
    pub path: PathBuf,
    /// Why.
    pub reason: &'static str,
}

/// The Rust files and the folders below `paths` that a walk leaves out, the outermost ones.
pub(crate) fn left_out(paths: &[PathBuf]) -> Vec<LeftOut> {
    let mut entered = BTreeSet::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        entered.extend(walker(path).build().flatten().map(ignore::DirEntry::into_path));
    }
    let mut found = BTreeMap::new();
    for folder in entered.iter().filter(|path| path.is_dir()) {
        // One that cannot be listed is a problem of the run.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            let matters = path.is_dir() || path.extension().is_some_and(|extension| extension == "rs");
            if matters && !entered.contains(&path) {
                found.insert(tidy(&path), reason_to_leave_out(&path));
            }
        }
    }
    found.into_iter().map(|(path, reason)| LeftOut { path, reason }).collect()
}

fn reason_to_leave_out(path: &Path) -> &'static str {
    if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
        "its name begins with a dot"
    } else if is_build_output(path) {
        "what cargo has built"
    } else if path.is_symlink() && path.is_dir() {
        "a symbolic link to a folder above it, or what a .gitignore or .ignore names"
    } else {
        "a .gitignore or .ignore names it"
    }
}

/// Build output may lie in a folder that no .gitignore names, as in an unpacked crate.
fn is_build_output(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "target") && path.join("CACHEDIR.TAG").exists()
}

fn walker(root: &Path) -> ignore::WalkBuilder {
    let mut walker = ignore::WalkBuilder::new(root);
    walker.require_git(false).follow_links(true).filter_entry(|entry| !is_build_output(entry.path()));
    walker
}

fn walk(
    root: &Path,
    given: &Path,
    wanted: bool,
    files: &mut BTreeMap<PathBuf, (PathBuf, bool)>,
    problems: &mut Vec<Problem>,
) {
    for entry in walker(root).build() {
        match entry {
            Ok(entry) => {
                let is_rust = entry.path().extension().is_some_and(|extension| extension == "rs");
                if is_rust && entry.file_type().is_some_and(|kind| !kind.is_dir()) {
                    files.entry(tidy(entry.path())).or_insert_with(|| (given.to_path_buf(), wanted));
                }
            }
            Err(error) => problems.push(Problem { path: path_of(&error, root), message: reason_of(&error) }),
        }
    }
}

fn path_of(error: &ignore::Error, root: &Path) -> PathBuf {
    match error {
        ignore::Error::WithPath { path, .. } => path.clone(),
        ignore::Error::Loop { child, .. } => child.clone(),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err, root),
        _ => root.to_path_buf(),
    }
}

fn reason_of(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => reason_of(err),
        ignore::Error::Loop { ancestor, .. } => {
            format!("is a symbolic link to {}, which is above it", ancestor.display())
        }
        other => format!("cannot be read: {other}"),
    }
}

/// Without `./` in front, and below the working folder without that.
fn tidy(path: &Path) -> PathBuf {
    let path = match std::env::current_dir() {
        Ok(here) if path.is_absolute() => path.strip_prefix(here).unwrap_or(path),
        _ => path,
    };
    path.components().filter(|component| !matches!(component, Component::CurDir)).collect()
}

fn manifest_above(path: &Path) -> Option<PathBuf> {
    let start = absolute(path);
    let root = start.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file())?;
    Some(tidy(root))
}

impl Package {
    fn read(root: PathBuf, problems: &mut Vec<Problem>) -> Self {
        let manifest = Manifest::read(&root.join("Cargo.toml"), problems);
        let absolute = absolute(&root);
        let workspace = absolute
            .ancestors()
            .skip(1)
            .find_map(|folder| Some((folder, workspace_of(folder)?)))
            .filter(|(folder, workspace)| !manifest.is_workspace && !excludes(folder, workspace, &absolute))
            .map_or_else(|| root.clone(), |(folder, _)| tidy(folder));
        Self { root, workspace, manifest }
    }

    /// Why all of the file is test code, by the targets of its package.
    fn whole(&self, path: &Path) -> Option<&'static str> {
        let (path, root) = (absolute(path), absolute(&self.root));
        let inside = path.strip_prefix(&root).unwrap_or(&path);
        for (target, reason) in &self.manifest.target_paths {
            if inside == target {
                return Some(reason);
            }
        }
        let folders: Vec<&str> =
            inside.parent()?.components().filter_map(|component| component.as_os_str().to_str()).collect();
        let first = if self.manifest.name.is_some() { folders.first().copied() } else { None };
        match first {
            Some("tests") => Some("a test target"),
            Some("benches") => Some("a bench target"),
            Some("examples") => Some("an example target"),
            // Without a manifest the folder's name is all there is to go by.
            None if self.manifest.name.is_none() => {
                folders.iter().any(|folder| TEST_FOLDERS.contains(folder)).then_some("a folder of tests")
            }
            _ => None,
        }
    }
}

/// The table `[workspace]` of the manifest in a folder, if it has one.
fn workspace_of(folder: &Path) -> Option<toml::Table> {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    // Most manifests have none, and need not be understood.
    text.contains("[workspace").then_some(())?;
    text.parse::<toml::Table>().ok()?.get("workspace")?.as_table().cloned()
}

/// Whether the workspace in `folder` leaves the package in `package` out, as cargo reads `exclude`.
fn excludes(folder: &Path, workspace: &toml::Table, package: &Path) -> bool {
    let excluded = workspace.get("exclude").and_then(toml::Value::as_array).into_iter().flatten();
    excluded.filter_map(toml::Value::as_str).any(|path| package.starts_with(folder.join(path)))
}

const TEST_FOLDERS: &[&str] = &["tests", "test", "benches", "examples"];

impl Manifest {
    fn read(path: &Path, problems: &mut Vec<Problem>) -> Self {
        let Ok(text) = std::fs::read_to_string(path) else { return Self::default() };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                problems
                    .push(Problem { path: path.to_path_buf(), message: format!("is not TOML: {}", error.message()) });
                return Self::default();
            }
        };
        let mut manifest = Self { is_workspace: table.contains_key("workspace"), ..Self::default() };
        manifest.name = table
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str)
            .map(ToOwned::to_owned);
        for (kind, reason) in [("test", "a test target"), ("bench", "a bench target"), ("example", "an example target")]
        {
            let targets = table.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
            for target in targets {
                if let Some(path) = target.get("path").and_then(toml::Value::as_str) {
                    manifest.target_paths.push((PathBuf::from(path), reason));
                }
            }
        }
        let platforms = table.get("target").and_then(toml::Value::as_table).into_iter().flatten();
        for section in std::iter::once(&table).chain(platforms.filter_map(|(_, section)| section.as_table())) {
            manifest.normal.extend(dependencies(section, "dependencies"));
            manifest.normal.extend(dependencies(section, "build-dependencies"));
            manifest.dev.extend(dependencies(section, "dev-dependencies"));
        }
        manifest
    }
}

fn dependencies(section: &toml::Table, key: &str) -> Vec<String> {
    let table = section.get(key).and_then(toml::Value::as_table);
    table
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            value.get("package").and_then(toml::Value::as_str).map_or_else(|| name.clone(), ToOwned::to_owned)
        })
        .collect()
}

/// Packages that others of the run only dev-depend on, and those that the configuration names.
fn support_packages(packages: &[Package], config: &Config) -> BTreeSet<usize> {
    let mut support = BTreeSet::new();
    for (index, package) in packages.iter().enumerate() {
        let Some(name) = &package.manifest.name else { continue };
        let siblings =
            || packages.iter().filter(|other| other.workspace == package.workspace && other.root != package.root);
        let dev = siblings().any(|other| other.manifest.dev.contains(name));
        let normal = siblings().any(|other| other.manifest.normal.contains(name));
        if (dev && !normal) || config.support_crates.contains(name) {
            support.insert(index);
        }
    }
    support
}
