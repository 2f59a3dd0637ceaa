//! Finds the files to read, and the package of each. [`crate::scope`] decides the purpose of a file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::config::Policy;
use crate::error::Error;
use crate::finding::{Note, Problem};
use crate::paths::{absolute, tidy};
use crate::scope::packages::{MAX_PACKAGES, Package, PackageId, Packages};
use crate::scope::{Role, Verdict};

/// A file to read.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// Relative to the working directory if the file is inside it, otherwise as given.
    pub path: PathBuf,
    /// Index into [`Discovery::packages`].
    pub package: PackageId,
    /// The purpose of the whole file, judged by its location; a product may contain tests.
    pub verdict: Verdict,
    /// Whether it is a file of a library, whose examples in the documentation `cargo test` runs.
    pub is_of_library: bool,
    /// Whether the verdict comes from the configuration, which overrides the file's content and surroundings.
    pub is_configured: bool,
    /// Whether the caller requested findings; other files are read only for the effects of their functions.
    pub wanted: bool,
}

/// Whether the file belongs to a program of the package by cargo's conventions, and not to its library.
fn is_program(path: &Path, package: &Package) -> bool {
    let whole = tidy(&absolute(path));
    let inside = whole.strip_prefix(&package.root).unwrap_or(&whole);
    inside.starts_with("src/bin") || inside == Path::new("src/main.rs") || inside == Path::new("build.rs")
}

/// The result of a discovery.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// Sorted by path, without duplicates.
    pub candidates: Vec<Candidate>,
    /// The packages of the candidates and of their workspaces.
    pub packages: Vec<Package>,
    /// Files and directories that could not be read.
    pub problems: Vec<Problem>,
    /// Says that not all packages are known.
    pub note: Option<Note>,
}

/// Finds the Rust files below `paths`.
///
/// # Errors
/// [`Error::MissingPath`], and [`Error::NoFiles`] if there is no Rust file at all.
pub(crate) fn discover(paths: &[PathBuf], policy: &Policy<'_>) -> Result<Discovery, Error> {
    let mut found = Discovery::default();
    let mut files = BTreeMap::<PathBuf, (PathBuf, bool)>::new();
    let mut seen = BTreeSet::new();
    let mut package_roots = BTreeSet::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|_| Error::MissingPath { path: path.clone() })?;
        if metadata.is_dir() {
            walk(&walker(path, Reach::All), path, true, &mut files, &mut found.problems);
        } else {
            files.insert(tidy(path), (path.parent().unwrap_or(Path::new("")).to_path_buf(), true));
            if policy.config.whole_package
                && let Some(root) = manifest_above(path)
            {
                package_roots.insert(root);
            }
        }
    }
    for root in package_roots {
        // The empty path means the working directory, but only `.` can be opened.
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        walk(&walker(&root, Reach::Package), &root, false, &mut files, &mut found.problems);
    }
    let mut packages = Packages::default();
    let mut known = HashMap::<PathBuf, PackageId>::new();
    let mut placed = Vec::new();
    // A file with two paths is one file; report it under the requested path.
    let (asked_for, read_along): (Vec<_>, Vec<_>) = files.into_iter().partition(|(_, (_, wanted))| *wanted);
    for (path, (given, wanted)) in asked_for.into_iter().chain(read_along) {
        if !seen.insert(std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let package = *known.entry(folder).or_insert_with(|| {
            let root = manifest_above(&path).unwrap_or_else(|| given.clone());
            packages.at(&root, &mut found.problems)
        });
        placed.push((path, package, wanted));
    }
    placed.sort();
    packages.settle(&policy.config.support_crates);
    if packages.is_cut {
        let message =
            format!("the workspace has more than {MAX_PACKAGES} packages; the others do not count as dependents");
        found.note = paths.first().map(|path| Note { path: path.clone(), message });
    }
    found.packages = packages.all;
    for (path, package, wanted) in placed {
        let configured = policy.role_of(&path);
        let verdict = configured.map_or_else(
            || found.packages[package].verdict_of(&path),
            |role| Verdict::new(role, "the configuration says so"),
        );
        let is_of_library = verdict.role == Role::Product
            && found.packages[package].has_library()
            && !is_program(&path, &found.packages[package]);
        let is_configured = configured.is_some();
        found.candidates.push(Candidate { path, package, verdict, is_of_library, is_configured, wanted });
    }
    if !found.candidates.iter().any(|candidate| candidate.wanted) && found.problems.is_empty() {
        let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(Error::NoFiles { paths: shown.join(", ") });
    }
    Ok(found)
}

/// A file or directory that a walk skips.
pub(crate) struct LeftOut {
    /// The path as the walk would name it.
    pub path: PathBuf,
    /// The reason.
    pub reason: &'static str,
}

/// Returns the Rust files and directories below `paths` that a walk skips; for nested ones only the outermost.
pub(crate) fn left_out(paths: &[PathBuf]) -> Vec<LeftOut> {
    let mut entered = BTreeSet::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        entered.extend(walker(path, Reach::All).build().flatten().map(ignore::DirEntry::into_path));
    }
    let mut found = BTreeMap::new();
    for folder in entered.iter().filter(|path| path.is_dir()) {
        // An unreadable directory is already a problem of the run.
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
    if is_hidden(path) {
        "its name begins with a dot"
    } else if is_build_output(path) {
        "what cargo has built"
    } else if is_vendored(path) {
        "a vendored crate"
    } else if is_dangling(path) {
        "a symbolic link that leads nowhere"
    } else if path.is_symlink() && path.is_dir() {
        "a symbolic link to a folder above it, or what a .gitignore or .ignore names"
    } else {
        "a .gitignore or .ignore names it"
    }
}

/// Whether a directory is build output. It may be in a directory without a .gitignore, as in an unpacked crate.
fn is_build_output(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "target") && path.join("CACHEDIR.TAG").exists()
}

/// The extent of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Everything below the root.
    All,
    /// Only the package in the root; directories with another manifest belong to another package.
    Package,
}

fn walker(root: &Path, reach: Reach) -> ignore::WalkBuilder {
    let mut walker = ignore::WalkBuilder::new(root);
    walker.require_git(false).follow_links(true).filter_entry(move |entry| {
        let path = entry.path();
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let is_other_package = || reach == Reach::Package && path.join("Cargo.toml").is_file();
        !is_folder || !(is_build_output(path) || is_vendored(path) || is_other_package())
    });
    walker
}

/// Whether a directory is a crate that `cargo vendor` copied. It belongs to another project, and cargo rejects changes
/// to it.
fn is_vendored(path: &Path) -> bool {
    path.join(".cargo-checksum.json").is_file()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Whether a path is a symbolic link without a target.
fn is_dangling(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

fn walk(
    walker: &ignore::WalkBuilder,
    root: &Path,
    wanted: bool,
    files: &mut BTreeMap<PathBuf, (PathBuf, bool)>,
    problems: &mut Vec<Problem>,
) {
    for entry in walker.build() {
        match entry {
            Ok(entry) => {
                let is_rust = entry.path().extension().is_some_and(|extension| extension == "rs");
                if is_rust && entry.file_type().is_some_and(|kind| !kind.is_dir()) {
                    files.entry(tidy(entry.path())).or_insert_with(|| (root.to_path_buf(), wanted));
                }
            }
            Err(error) => {
                let path = path_of(&error, root);
                // Editors create such links as locks; only a missing Rust source is a problem.
                let is_source = path.extension().is_some_and(|extension| extension == "rs") && !is_hidden(&path);
                if is_source || !is_dangling(&path) {
                    problems.push(Problem::new(tidy(&path), reason_of(&error)));
                }
            }
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

fn manifest_above(path: &Path) -> Option<PathBuf> {
    let start = absolute(path);
    let root = start.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file())?;
    Some(tidy(root))
}
