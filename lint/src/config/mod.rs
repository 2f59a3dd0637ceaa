//! The settings of a run. [`mod@file`] reads them from files; the library takes the values.

pub(crate) mod file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};

use crate::catalogue;
use crate::error::Error;
use crate::finding::Severity;
use crate::paths::absolute;
use crate::scope::Role;
use crate::tables::ExtraTables;

/// Severity by rule name; `None` switches the rule off.
pub type Severities = BTreeMap<String, Option<Severity>>;

/// The settings of a run.
///
/// ```
/// use netns_lint::{Config, Severity};
///
/// let mut config = Config { all_code: true, ..Config::default() };
/// config.severities.insert("literal-port".to_owned(), None);
/// config.severities.insert("shell-command".to_owned(), Some(Severity::Warning));
/// assert!(config.validate().is_ok());
///
/// config.severities.insert("shel-command".to_owned(), None);
/// assert!(config.validate().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Also report hazards that exist only in special environments.
    pub pedantic: bool,
    /// Check all code, not only test code.
    pub all_code: bool,
    /// Findings below this severity do not count and are not reported.
    pub min_severity: Severity,
    /// Severity by rule name; `None` switches the rule off.
    pub severities: Severities,
    /// Severities for parts of the tree; the last entry that matches the path and names the rule wins.
    pub overrides: Vec<PathSeverities>,
    /// The directory that path patterns are relative to. Default: the working directory.
    pub root: PathBuf,
    /// The longest wait that an environment variable may request. Default: ten minutes.
    pub max_duration: Duration,
    /// The largest size, count or capacity that an environment variable may request. Default: 2^30.
    pub max_size: u64,
    /// Addresses that are never reported: as written in the source, or as CIDR.
    pub allowed_addresses: Vec<String>,
    /// Additions to the tables of the analysis.
    pub tables: ExtraTables,
    /// The maximum number of findings; a last finding counts the rest. Default: 20,000.
    pub max_findings: usize,
    /// Packages whose code all counts as test code.
    pub support_crates: Vec<String>,
    /// Whether to read the whole package of a single file, so that helpers in other files are understood.
    pub whole_package: bool,
    /// Worker threads. Default: one per core.
    pub threads: Option<usize>,
}

/// Severities and the code's role for the paths that a pattern matches.
#[derive(Clone, Debug, Default)]
pub struct PathSeverities {
    /// For example `tests/legacy/**` or `tests/legacy`, relative to [`Config::root`]; `*` does not cross a `/`.
    pub glob: String,
    /// Severity by rule name; `None` switches the rule off.
    pub severities: Severities,
    /// The role of the code; overrides the analysis.
    pub role: Option<Role>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pedantic: false,
            all_code: false,
            min_severity: Severity::Note,
            severities: Severities::new(),
            overrides: Vec::new(),
            root: PathBuf::new(),
            max_duration: Duration::from_secs(600),
            max_size: 1 << 30,
            allowed_addresses: Vec::new(),
            tables: ExtraTables::default(),
            max_findings: 20_000,
            support_crates: Vec::new(),
            whole_package: false,
            threads: None,
        }
    }
}

impl Config {
    /// Rejects unknown rule names and invalid patterns.
    ///
    /// # Errors
    /// [`Error::UnknownRule`], [`Error::Pattern`].
    pub fn validate(&self) -> Result<(), Error> {
        let names = self.overrides.iter().map(|part| &part.severities).chain([&self.severities]);
        if let Some(name) = names.flat_map(Severities::keys).find(|name| !catalogue::exists(name)) {
            return Err(Error::UnknownRule { name: name.clone(), known: catalogue::names().join(", ") });
        }
        Policy::new(self).map(|_| ())
    }
}

/// A [`Config`] with compiled patterns.
pub(crate) struct Policy<'a> {
    /// The configuration.
    pub config: &'a Config,
    overrides: Vec<(GlobMatcher, &'a PathSeverities)>,
    root: PathBuf,
}

impl<'a> Policy<'a> {
    pub(crate) fn new(config: &'a Config) -> Result<Self, Error> {
        let compile = |part: &'a PathSeverities| {
            let matcher = matcher(&part.glob).map_err(|reason| Error::Pattern { glob: part.glob.clone(), reason })?;
            Ok((matcher, part))
        };
        let overrides = config.overrides.iter().map(compile).collect::<Result<_, Error>>()?;
        Ok(Self { config, overrides, root: absolute(&config.root) })
    }

    /// Returns the configured role of the code in `path`.
    pub(crate) fn role_of(&self, path: &Path) -> Option<Role> {
        let path = self.inside(path);
        self.overrides.iter().rev().find_map(|(glob, part)| part.role.filter(|_| covers(glob, &path)))
    }

    /// Returns the path relative to the root, for matching.
    fn inside(&self, path: &Path) -> PathBuf {
        let path = absolute(path);
        path.strip_prefix(&self.root).map(Path::to_path_buf).unwrap_or(path)
    }

    /// Returns the severity of `rule` in `path`, or `default` if it is not configured; `None` if the rule is off.
    pub(crate) fn severity_of(&self, rule: &str, path: &Path, default: Severity) -> Option<Severity> {
        let general = self.config.severities.get(rule);
        let special = || {
            let path = self.inside(path);
            let mut parts = self.overrides.iter().rev();
            parts.find_map(|(glob, part)| part.severities.get(rule).filter(|_| covers(glob, &path)))
        };
        let configured = if self.overrides.is_empty() { general } else { special().or(general) };
        configured.map_or(Some(default), |severity| *severity)
    }
}

/// Whether a pattern matches a path or one of its parent directories.
fn covers(glob: &GlobMatcher, path: &Path) -> bool {
    path.ancestors().any(|path| glob.is_match(path))
}

/// Returns the matcher of a pattern, or the reason why the pattern can never match.
fn matcher(glob: &str) -> Result<GlobMatcher, String> {
    if glob.contains('\\') {
        return Err("folders are separated by `/`, also on Windows; `[*]` matches a star".to_owned());
    }
    if glob.split('/').any(|part| part == "..") {
        return Err("it leads out of the folder of the configuration".to_owned());
    }
    let plain = glob.strip_prefix("./").unwrap_or(glob).trim_end_matches('/');
    if plain.is_empty() || plain.starts_with('/') {
        return Err("patterns are relative to the folder of the configuration, as in `tests/legacy/**`".to_owned());
    }
    let glob = GlobBuilder::new(plain).literal_separator(true).build();
    Ok(glob.map_err(|error| error.to_string())?.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(glob: &str, rule: &str, severity: Option<Severity>) -> PathSeverities {
        PathSeverities { glob: glob.to_owned(), severities: [(rule.to_owned(), severity)].into(), role: None }
    }

    #[test]
    fn the_last_pattern_that_names_the_rule_counts() {
        let config = Config {
            severities: [("literal-port".to_owned(), Some(Severity::Error))].into(),
            overrides: vec![
                part("tests/**", "literal-port", Some(Severity::Warning)),
                part("tests/old/*.rs", "literal-port", None),
                part("tests/old/*.rs", "temp-path", None),
            ],
            ..Config::default()
        };
        let policy = Policy::new(&config).expect("valid patterns");
        let of = |path: &str| policy.severity_of("literal-port", Path::new(path), Severity::Note);
        assert_eq!(of("src/a.rs"), Some(Severity::Error));
        assert_eq!(of("./tests/a.rs"), Some(Severity::Warning));
        assert_eq!(of("tests/old/a.rs"), None);
        assert_eq!(of("tests/old/b/a.rs"), Some(Severity::Warning));
        assert_eq!(policy.severity_of("wildcard-bind", Path::new("tests/a.rs"), Severity::Note), Some(Severity::Note));
    }

    #[test]
    fn a_folder_is_named_in_any_way() {
        for glob in ["tests/old", "tests/old/", "./tests/old/**", "tests/o*d", "**/old"] {
            let config = Config { overrides: vec![part(glob, "temp-path", None)], ..Config::default() };
            let policy = Policy::new(&config).expect("valid patterns");
            let of = |path: &str| policy.severity_of("temp-path", Path::new(path), Severity::Note);
            assert_eq!((of("tests/old/deep/a.rs"), of("tests/older.rs")), (None, Some(Severity::Note)), "{glob}");
        }
    }

    #[test]
    fn a_pattern_that_can_never_match_is_refused() {
        for glob in
            ["tests/[", r"tests\\legacy\\**", r"tests\*.rs", "../tests/**", "tests/../src/*", "/tests/**", "", "./"]
        {
            let config = Config { overrides: vec![part(glob, "temp-path", None)], ..Config::default() };
            assert!(matches!(config.validate(), Err(Error::Pattern { .. })), "{glob}");
        }
    }
}
