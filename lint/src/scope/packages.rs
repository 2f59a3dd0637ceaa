//! Packages: finds them, connects their dependencies, and decides the purpose of each.
//!
//! A package is for tests if no product depends on it, and either its manifest or directory says that it is for tests,
//! or only tests depend on it. A name alone is not enough: a package that is published, or that a product is built
//! with, is a product, whatever its name is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use toml::Table;

use super::manifest::{DependencyKind, Manifest, TargetKind, workspace_of};
use super::{Role, Verdict};
use crate::finding::Problem;
use crate::paths::{absolute, tidy};
use crate::words::{describes_tests, is_test_library, says_support, says_test, says_tool};

/// Index into [`Packages::all`].
pub(crate) type PackageId = usize;

/// A bound far above any real workspace; a member pattern may match directories that are not packages.
pub(crate) const MAX_PACKAGES: usize = 20_000;
const TEST_FOLDERS: &[&str] = &["tests", "test", "benches", "examples"];

/// A directory with a `Cargo.toml`, or the given directory if there is none.
#[derive(Debug)]
pub(crate) struct Package {
    /// The package's directory.
    pub root: PathBuf,
    /// The directory of its workspace; the package's own if it belongs to none.
    pub workspace: PathBuf,
    /// The purpose of its code, test targets excepted.
    pub verdict: Verdict,
    /// It has a program and is not shipped: if the program runs tests, that is the package's purpose.
    pub may_run_tests: bool,
    /// The root file of its library; the file may not exist.
    pub library: PathBuf,
    /// Crate names in its code, for packages of the same workspace and for its own library.
    pub crates: Vec<(String, PackageId)>,
    manifest: Manifest,
    dependencies: Vec<Edge>,
}

/// A dependency between two packages.
#[derive(Clone, Copy, Debug)]
struct Edge {
    to: PackageId,
    kind: DependencyKind,
    is_optional: bool,
}

/// The packages of a run, and those of their workspaces.
#[derive(Debug, Default)]
pub(crate) struct Packages {
    /// In the order of discovery.
    pub all: Vec<Package>,
    /// There are more packages than are read.
    pub is_cut: bool,
    by_root: HashMap<PathBuf, PackageId>,
    workspaces: HashMap<PathBuf, Option<Table>>,
}

impl Packages {
    /// Returns the package in the directory `root`; reads the manifest on the first call.
    pub(crate) fn at(&mut self, root: &Path, problems: &mut Vec<Problem>) -> PackageId {
        let place = absolute(root);
        if let Some(known) = self.by_root.get(&place) {
            return *known;
        }
        let around = place.ancestors().skip(1).find(|folder| self.workspace(folder).is_some()).map(Path::to_path_buf);
        let table = around.as_ref().and_then(|folder| Some((folder.as_path(), self.workspaces.get(folder)?.as_ref()?)));
        let manifest = Manifest::read(&place, table, problems);
        let is_excluded = |(folder, table): (&Path, &Table)| {
            let excluded = table.get("exclude").and_then(toml::Value::as_array).into_iter().flatten();
            excluded.filter_map(toml::Value::as_str).any(|path| place.starts_with(folder.join(path)))
        };
        let workspace = around
            .as_deref()
            .filter(|_| !manifest.is_workspace && !table.is_some_and(is_excluded))
            .map_or_else(|| tidy(&place), tidy);
        let library = manifest.library.1.clone().unwrap_or_else(|| PathBuf::from("src/lib.rs"));
        let id = self.all.len();
        self.all.push(Package {
            root: tidy(&place),
            workspace,
            verdict: Verdict::new(Role::Product, "not test code"),
            may_run_tests: false,
            library: tidy(&place.join(library)),
            crates: Vec::new(),
            manifest,
            dependencies: Vec::new(),
        });
        self.by_root.insert(place, id);
        id
    }

    /// Returns the table `[workspace]` of a directory.
    fn workspace(&mut self, folder: &Path) -> Option<&Table> {
        if !self.workspaces.contains_key(folder) {
            self.workspaces.insert(folder.to_path_buf(), workspace_of(folder));
        }
        self.workspaces.get(folder)?.as_ref()
    }

    /// Adds the other members of the workspaces, connects the dependencies, and decides the purpose of each package.
    ///
    /// This also runs for a single file, because the manifests of other packages list the dependencies on its package.
    pub(crate) fn settle(&mut self, support_crates: &[String]) {
        self.add_members(MAX_PACKAGES);
        self.connect();
        self.decide(support_crates);
    }

    /// Adds packages until there are `most`.
    fn add_members(&mut self, most: usize) {
        // Problems in manifests outside the run are not reported.
        let mut ignored = Vec::new();
        let mut next = 0;
        while next < self.all.len() {
            if self.all.len() >= most {
                self.is_cut = true;
                break;
            }
            let package = &self.all[next];
            next += 1;
            let (root, workspace) = (absolute(&package.root), absolute(&package.workspace));
            let paths = package.manifest.dependencies.iter().filter_map(|dependency| dependency.path.as_ref());
            let mut folders: Vec<PathBuf> = paths.map(|path| normalised(&root.join(path))).collect();
            folders.extend(package.manifest.members.iter().flat_map(|pattern| expanded(&root, pattern, most)));
            folders.push(workspace.clone());
            // A package of another workspace belongs to another project.
            folders.retain(|folder| folder.starts_with(&workspace) && folder.join("Cargo.toml").is_file());
            for folder in folders {
                self.at(&folder, &mut ignored);
            }
        }
    }

    fn connect(&mut self) {
        let mut by_name = HashMap::<(&Path, &str), PackageId>::new();
        let mut anywhere = HashMap::<&str, PackageId>::new();
        for (id, package) in self.all.iter().enumerate() {
            if let Some(name) = &package.manifest.name {
                by_name.entry((&package.workspace, name)).or_insert(id);
                anywhere.entry(name).or_insert(id);
            }
        }
        let mut found = Vec::new();
        for (id, package) in self.all.iter().enumerate() {
            let root = absolute(&package.root);
            let (mut edges, mut crates) = (Vec::new(), Vec::new());
            if let Some(name) = package.code_name() {
                crates.push((name, id));
            }
            for dependency in &package.manifest.dependencies {
                let by_path = dependency.path.as_ref().and_then(|path| self.by_root.get(&normalised(&root.join(path))));
                let by_path = by_path.filter(|to| self.all[**to].manifest.name.as_ref() == Some(&dependency.package));
                let to = by_path.or_else(|| by_name.get(&(package.workspace.as_path(), dependency.package.as_str())));
                let to = to.copied().filter(|to| *to != id);
                edges.extend(to.map(|to| Edge { to, kind: dependency.kind, is_optional: dependency.is_optional }));
                // For a package of another project, only the crate name matters.
                let Some(to) = to.or_else(|| anywhere.get(dependency.package.as_str()).copied()) else { continue };
                let renamed = dependency.package.replace('-', "_") != dependency.as_name;
                let as_name = if renamed { Some(dependency.as_name.clone()) } else { self.all[to].code_name() };
                crates.extend(as_name.map(|name| (name, to)));
            }
            found.push((edges, crates));
        }
        for (package, (edges, crates)) in self.all.iter_mut().zip(found) {
            (package.dependencies, package.crates) = (edges, crates);
        }
    }

    fn decide(&mut self, support_crates: &[String]) {
        let mut users = vec![Vec::new(); self.all.len()];
        for (from, package) in self.all.iter().enumerate() {
            for edge in &package.dependencies {
                users[edge.to].push((from, *edge));
            }
        }
        let is_configured: Vec<bool> = self
            .all
            .iter()
            .map(|package| package.manifest.name.as_ref().is_some_and(|name| support_crates.contains(name)))
            .collect();
        for (package, configured) in self.all.iter_mut().zip(&is_configured) {
            if *configured {
                package.verdict = Verdict::new(Role::Test, "the configuration lists its package as a support crate");
            } else if let Some(verdict) = package.declared() {
                package.verdict = verdict;
            }
        }
        // Every dependency of a product is a product, transitively.
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (id, users) in users.iter().enumerate() {
                let is_declared = self.all[id].verdict.role != Role::Product && !is_configured[id];
                let built_with = users.iter().find(|(from, edge)| self.ships(*from, edge));
                if let Some((from, _)) = built_with.filter(|_| is_declared) {
                    let user = self.all[*from].shown();
                    self.all[id].verdict =
                        Verdict::new(Role::Product, format!("not test code: {user} is built with it"));
                    changed = true;
                }
            }
        }
        for (id, users) in users.iter().enumerate() {
            let package = &self.all[id];
            let is_shipped =
                package.manifest.is_publishable || users.iter().any(|(from, edge)| self.ships(*from, edge));
            self.all[id].may_run_tests = package.manifest.name.is_some() && package.has_program() && !is_shipped;
        }
        // Every dependency that only tests need is for tests, transitively.
        changed = true;
        while std::mem::take(&mut changed) {
            for (id, users) in users.iter().enumerate() {
                let is_open = self.all[id].verdict.role == Role::Product && !users.is_empty();
                if is_open && !users.iter().any(|(from, edge)| self.ships(*from, edge)) && self.supports(id, users) {
                    let name = self.all[id].shown();
                    self.all[id].verdict = Verdict::new(Role::Test, format!("only tests depend on {name}"));
                    changed = true;
                }
            }
        }
    }

    /// Whether a dependency of the package `from` becomes part of a product.
    fn ships(&self, from: PackageId, edge: &Edge) -> bool {
        // Optional dependencies with names like `test-util` exist for the tests of other packages.
        let for_tests = edge.is_optional && self.all[edge.to].manifest.name.as_deref().is_some_and(says_test);
        edge.kind != DependencyKind::Dev && !for_tests && self.all[from].verdict.role == Role::Product
    }

    /// Whether a package that no product depends on supports tests, and is not the subject of the tests.
    fn supports(&self, id: PackageId, users: &[(PackageId, Edge)]) -> bool {
        let package = &self.all[id];
        let says = package.manifest.name.as_deref().is_some_and(says_support) || package.folder_says(says_support);
        let for_tests = |(from, edge): &(PackageId, Edge)| {
            edge.kind == DependencyKind::Dev || self.all[*from].verdict.role == Role::Test
        };
        let by_dev = users.iter().any(|(_, edge)| edge.kind == DependencyKind::Dev);
        let is_library = !package.has_program();
        // A subject of tests is presented to users; test support is not.
        let name_says = package.manifest.name.as_deref().is_some_and(says_test);
        if !name_says && (package.manifest.is_presented || package.root.join("examples").is_dir()) {
            return false;
        }
        users.iter().any(for_tests)
            && (says
                || describes_tests(&package.manifest.description)
                || (is_library && package.test_library().is_some())
                || (is_library && by_dev && !package.manifest.is_publishable))
    }
}

impl Package {
    /// Whether it has a library.
    pub(crate) fn has_library(&self) -> bool {
        self.library.is_file()
    }

    /// Returns the crate name of its library.
    fn code_name(&self) -> Option<String> {
        let name = self.manifest.library.0.as_ref().or(self.manifest.name.as_ref())?;
        Some(name.replace('-', "_"))
    }

    fn shown(&self) -> String {
        format!("package `{}`", self.manifest.name.as_deref().unwrap_or_default())
    }

    fn has_program(&self) -> bool {
        let has = |path: &str| self.root.join(path).exists();
        !self.manifest.programs.is_empty() || has("src/main.rs") || has("src/bin")
    }

    /// Returns a normal dependency that runs tests, if any.
    fn test_library(&self) -> Option<&str> {
        let normal = self.manifest.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        let mut libraries =
            normal.filter(|dependency| !dependency.is_optional).map(|dependency| dependency.package.as_str());
        libraries.find(|package| is_test_library(package))
    }

    /// Whether `test` accepts the name of a directory between the workspace and the package.
    fn folder_says(&self, test: fn(&str) -> bool) -> bool {
        let (root, workspace) = (absolute(&self.root), absolute(&self.workspace));
        let inside = root.strip_prefix(&workspace).unwrap_or(Path::new(""));
        inside.components().filter_map(|component| component.as_os_str().to_str()).any(test)
    }

    /// Returns the purpose that the manifest and directory declare; `None` for a product.
    fn declared(&self) -> Option<Verdict> {
        let name = self.manifest.name.as_deref()?;
        let describes = describes_tests(&self.manifest.description);
        let verdict = |role: Role, what: &str| {
            let package = self.shown();
            let kind = if role == Role::Test { "for tests" } else { "a tool" };
            Some(Verdict::new(role, format!("{package} is {kind} by its {what}, and is not shipped")))
        };
        if self.manifest.is_fuzz {
            return Some(Verdict::new(Role::Test, "a package of fuzz targets"));
        }
        if self.manifest.is_publishable {
            return if says_test(name) && describes { verdict(Role::Test, "name and description") } else { None };
        }
        if says_test(name) {
            return verdict(Role::Test, "name");
        }
        if self.folder_says(says_test) {
            return verdict(Role::Test, "folder");
        }
        if describes {
            return verdict(Role::Test, "description");
        }
        if self.has_program()
            && let Some(library) = self.test_library()
        {
            return verdict(Role::Test, &format!("dependency on `{library}`"));
        }
        if says_tool(name) {
            return verdict(Role::Tool, "name");
        }
        if self.folder_says(says_tool) { verdict(Role::Tool, "folder") } else { None }
    }

    /// Returns the purpose of the file `path` of this package, as far as its location shows it.
    pub(crate) fn verdict_of(&self, path: &Path) -> Verdict {
        let (path, root) = (absolute(path), absolute(&self.root));
        let inside = path.strip_prefix(&root).unwrap_or(&path);
        let test = |reason: &str| Verdict::new(Role::Test, reason);
        if self.manifest.build_script.as_deref() == Some(inside) {
            return Verdict::new(Role::Product, "not test code: a build script");
        }
        for target in self.manifest.targets.iter().filter(|target| target.path == inside) {
            match target.kind {
                TargetKind::Test => return test("a test target"),
                TargetKind::Bench => return test("a bench target"),
                TargetKind::Example => return Verdict::new(Role::Example, "an example target"),
                TargetKind::Program if target.name.as_deref().is_some_and(says_test) => {
                    return test("a program for tests");
                }
                TargetKind::Program => {}
            }
        }
        let folders: Vec<&str> = inside
            .parent()
            .into_iter()
            .flat_map(Path::components)
            .filter_map(|component| component.as_os_str().to_str())
            .collect();
        if self.manifest.name.is_none() {
            // Without a manifest, only the directory names are left to decide by.
            let says = folders.iter().any(|folder| TEST_FOLDERS.contains(folder));
            return if says { test("a folder of tests") } else { self.verdict.clone() };
        }
        let stem = inside.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        match folders.as_slice() {
            ["tests", ..] => test("a test target"),
            ["benches", ..] => test("a bench target"),
            ["examples", ..] => Verdict::new(Role::Example, "an example target"),
            _ if self.verdict.role == Role::Test => self.verdict.clone(),
            [first, ..] if says_test(first) => test("a folder of tests"),
            ["src", "bin"] if says_test(stem) => test("a program for tests"),
            ["src", "bin", program, ..] if says_test(program) => test("a program for tests"),
            _ => self.verdict.clone(),
        }
    }
}

/// Returns the directories that a `members` pattern matches.
fn expanded(root: &Path, pattern: &str, most: usize) -> Vec<PathBuf> {
    let mut found = vec![root.to_path_buf()];
    for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if !part.contains(['*', '?', '[']) {
            found = found.into_iter().map(|folder| normalised(&folder.join(part))).collect();
            continue;
        }
        let Ok(glob) = GlobBuilder::new(part).build() else { return Vec::new() };
        let glob = glob.compile_matcher();
        let inner = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
        let entries = found.into_iter().flat_map(inner).filter(|entry| glob.is_match(entry.file_name()));
        found = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).take(most).collect();
        found.sort();
    }
    found
}

/// Removes `..` together with the component before it.
pub(crate) fn normalised(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        if component.as_os_str() == ".." && plain.file_name().is_some() {
            plain.pop();
        } else {
            plain.push(component);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_beyond_the_bound_are_not_read_and_the_run_knows_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"*\"]\n").expect("written");
        for name in ["a", "b", "c"] {
            let package = folder.path().join(name);
            std::fs::create_dir(&package).expect("made");
            let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
            std::fs::write(package.join("Cargo.toml"), manifest).expect("written");
        }
        let read = |most: usize| {
            let mut packages = Packages::default();
            packages.at(&folder.path().join("a"), &mut Vec::new());
            packages.add_members(most);
            packages.is_cut
        };
        assert!(read(2));
        assert!(!read(100));
    }
}
