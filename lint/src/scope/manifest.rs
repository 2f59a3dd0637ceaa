//! Manifests, as far as they show the purpose of a package. They are read as TOML and not through cargo, so that an
//! invalid manifest, or a machine without cargo, does not change which code is checked.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::finding::Problem;

/// The content of a `Cargo.toml`, with the values inherited from the workspace filled in.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct Manifest {
    /// `None` for a workspace without a package, and for a missing manifest.
    pub name: Option<String>,
    /// The package's description.
    pub description: String,
    /// Whether a registry would accept it: it has a license and a description, and no `publish = false`.
    pub is_publishable: bool,
    /// Whether it is presented to users: it has keywords or categories.
    pub is_presented: bool,
    /// Whether it has a table `[workspace]`.
    pub is_workspace: bool,
    /// `[workspace] members`.
    pub members: Vec<String>,
    /// Targets with an explicit path.
    pub targets: Vec<Target>,
    /// Names of `[[bin]]`.
    pub programs: Vec<String>,
    /// The crate name and path of the library, if they differ from cargo's defaults.
    pub library: (Option<String>, Option<PathBuf>),
    /// The path of the build script.
    pub build_script: Option<PathBuf>,
    /// Whether cargo-fuzz created it.
    pub is_fuzz: bool,
    /// The dependencies for all platforms.
    pub dependencies: Vec<Dependency>,
}

/// A target with an explicit path.
#[derive(Debug)]
pub(crate) struct Target {
    pub kind: TargetKind,
    pub name: Option<String>,
    /// Relative to the package's directory.
    pub path: PathBuf,
}

/// The kind of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetKind {
    Test,
    Bench,
    Example,
    Program,
}

/// A dependency of the package.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// The name of the package.
    pub package: String,
    /// The crate name in code.
    pub as_name: String,
    /// Relative to the directory of the manifest.
    pub path: Option<PathBuf>,
    /// The build that it is part of.
    pub kind: DependencyKind,
    /// Whether it is optional, enabled by a feature.
    pub is_optional: bool,
}

/// The build that a dependency is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    Normal,
    Build,
    Dev,
}

impl Manifest {
    /// Reads the manifest in the directory `root`; returns an empty one if there is none. `workspace` is the table
    /// `[workspace]` that the package may inherit from, with its directory.
    pub(crate) fn read(root: &Path, workspace: Option<(&Path, &Table)>, problems: &mut Vec<Problem>) -> Self {
        let path = root.join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&path) else { return Self::default() };
        match text.parse() {
            Ok(table) => Self::of(&table, root, workspace),
            Err(error) => {
                problems.push(Problem::new(path, format!("is not TOML: {}", error.message())));
                Self::default()
            }
        }
    }

    fn of(table: &Table, root: &Path, workspace: Option<(&Path, &Table)>) -> Self {
        let own = table.get("workspace").and_then(Value::as_table);
        let workspace = own.map(|own| (root, own)).or(workspace);
        let shared = workspace.and_then(|(_, table)| table.get("package")).and_then(Value::as_table);
        let package = table.get("package").or_else(|| table.get("project")).and_then(Value::as_table);
        // `key.workspace = true` is a table in place of the value.
        let value = |key: &str| match package?.get(key)? {
            Value::Table(_) => shared?.get(key),
            value => Some(value),
        };
        let text = |key: &str| value(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let refuses = value("publish")
            .is_some_and(|publish| publish.as_bool() == Some(false) || publish.as_array().is_some_and(Vec::is_empty));
        let is_licensed = value("license").or_else(|| value("license-file")).is_some();
        let library = table.get("lib").and_then(Value::as_table);
        let part = |key: &str| library.and_then(|library| library.get(key)).and_then(Value::as_str);
        let mut manifest = Self {
            name: package.and_then(|package| package.get("name")).and_then(Value::as_str).map(ToOwned::to_owned),
            description: text("description"),
            is_publishable: !refuses && is_licensed && value("description").is_some(),
            is_presented: value("keywords").or_else(|| value("categories")).is_some(),
            is_workspace: own.is_some(),
            members: texts(own, "members"),
            library: (part("name").map(ToOwned::to_owned), part("path").map(PathBuf::from)),
            build_script: Some(PathBuf::from(
                package.and_then(|package| package.get("build")).and_then(Value::as_str).unwrap_or("build.rs"),
            )),
            is_fuzz: package
                .and_then(|package| package.get("metadata")?.get("cargo-fuzz")?.as_bool())
                .unwrap_or_default(),
            ..Self::default()
        };
        for (key, kind) in [
            ("test", TargetKind::Test),
            ("bench", TargetKind::Bench),
            ("example", TargetKind::Example),
            ("bin", TargetKind::Program),
        ] {
            for target in table.get(key).and_then(Value::as_array).into_iter().flatten() {
                let name = target.get("name").and_then(Value::as_str).map(ToOwned::to_owned);
                if kind == TargetKind::Program {
                    manifest.programs.extend(name.clone());
                }
                if let Some(path) = target.get("path").and_then(Value::as_str) {
                    manifest.targets.push(Target { kind, name, path: PathBuf::from(path) });
                }
            }
        }
        let shared = workspace.and_then(|(folder, table)| Some((folder, table.get("dependencies")?.as_table()?)));
        let platforms = table.get("target").and_then(Value::as_table).into_iter().flatten();
        for section in std::iter::once(table).chain(platforms.filter_map(|(_, section)| section.as_table())) {
            for (key, kind) in [
                ("dependencies", DependencyKind::Normal),
                ("build-dependencies", DependencyKind::Build),
                ("build_dependencies", DependencyKind::Build),
                ("dev-dependencies", DependencyKind::Dev),
                ("dev_dependencies", DependencyKind::Dev),
            ] {
                let entries = section.get(key).and_then(Value::as_table).into_iter().flatten();
                manifest.dependencies.extend(entries.map(|(name, value)| Dependency::of(name, value, kind, shared)));
            }
        }
        manifest
    }
}

fn texts(table: Option<&Table>, key: &str) -> Vec<String> {
    let list = table.and_then(|table| table.get(key)).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

impl Dependency {
    fn of(name: &str, value: &Value, kind: DependencyKind, shared: Option<(&Path, &Table)>) -> Self {
        let is_inherited = value.get("workspace").and_then(Value::as_bool) == Some(true);
        let inherited = shared.filter(|_| is_inherited).and_then(|(folder, table)| Some((folder, table.get(name)?)));
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let path = text("path").map(PathBuf::from).or_else(|| {
            let (folder, value) = inherited?;
            Some(folder.join(value.get("path")?.as_str()?))
        });
        let renamed = text("package").or_else(|| inherited?.1.get("package")?.as_str());
        Self {
            package: renamed.unwrap_or(name).to_owned(),
            as_name: name.replace('-', "_"),
            path,
            kind,
            is_optional: value.get("optional").and_then(Value::as_bool).unwrap_or_default(),
        }
    }
}

/// Returns the table `[workspace]` of the manifest in a directory, if any.
pub(crate) fn workspace_of(folder: &Path) -> Option<Table> {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    // Most manifests have no such table; skip parsing them.
    text.contains("[workspace").then_some(())?;
    text.parse::<Table>().ok()?.get("workspace")?.as_table().cloned()
}
