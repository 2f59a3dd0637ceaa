//! What a user can set. Reading it from files is the business of [`mod@file`]; the library takes the values.

pub(crate) mod file;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use globset::{GlobBuilder, GlobMatcher};

use crate::error::Error;
use crate::finding::Severity;
use crate::rules;

pub use tables::{ExtraSink, ExtraSource, ExtraTables, Origin, SinkKind};

/// Severity by rule name; `None` switches the rule off.
pub type Severities = BTreeMap<String, Option<Severity>>;

/// How a run judges.
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
    /// Also what is hazardous only in special surroundings.
    pub pedantic: bool,
    /// Check everything, whether it is test code or not.
    pub all_code: bool,
    /// Findings below this do not count and are not shown.
    pub min_severity: Severity,
    /// Severity by rule name; `None` switches the rule off.
    pub severities: Severities,
    /// The same for parts of the tree; the last one that matches a path and names the rule counts.
    pub overrides: Vec<PathSeverities>,
    /// The folder that patterns of paths start from. Default: the working folder.
    pub root: PathBuf,
    /// The longest time that a test may wait because the environment says so. Default: ten minutes.
    pub max_duration: Duration,
    /// The largest size, count or capacity that the environment may ask for. Default: 2^30.
    pub max_size: u64,
    /// Addresses that are no finding: as written in the source, or as CIDR.
    pub allowed_addresses: Vec<String>,
    /// What the tables of the analysis do not know.
    pub tables: ExtraTables,
    /// How many findings are kept; more are counted in a last one. Default: 20,000.
    pub max_findings: usize,
    /// Packages whose whole code counts as test code.
    pub support_crates: Vec<String>,
    /// Read the packages of files that are given alone, so that helpers in other files are understood.
    pub whole_package: bool,
    /// Worker threads. Default: one a core.
    pub threads: Option<usize>,
}

/// Severities for the paths that a pattern matches.
#[derive(Clone, Debug, Default)]
pub struct PathSeverities {
    /// As in .gitignore: `tests/legacy/**`, relative to [`Config::root`]; `*` does not cross a `/`.
    pub glob: String,
    /// Severity by rule name; `None` switches the rule off.
    pub severities: Severities,
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
    /// Refuses names of rules that do not exist, and patterns that are none.
    ///
    /// # Errors
    /// [`Error::UnknownRule`], [`Error::Pattern`].
    pub fn validate(&self) -> Result<(), Error> {
        let names = self.overrides.iter().map(|part| &part.severities).chain([&self.severities]);
        if let Some(name) = names.flat_map(Severities::keys).find(|name| !rules::exists(name)) {
            return Err(Error::UnknownRule { name: name.clone(), known: rules::names().join(", ") });
        }
        Policy::new(self).map(|_| ())
    }
}

/// A [`Config`] with its patterns compiled.
pub(crate) struct Policy<'a> {
    /// The values.
    pub config: &'a Config,
    overrides: Vec<(GlobMatcher, &'a Severities)>,
    root: PathBuf,
}

impl<'a> Policy<'a> {
    pub(crate) fn new(config: &'a Config) -> Result<Self, Error> {
        let compile = |part: &'a PathSeverities| {
            let glob = GlobBuilder::new(&part.glob).literal_separator(true).build();
            let glob = glob.map_err(|error| Error::Pattern { glob: part.glob.clone(), reason: error.to_string() })?;
            Ok((glob.compile_matcher(), &part.severities))
        };
        let overrides = config.overrides.iter().map(compile).collect::<Result<_, Error>>()?;
        Ok(Self { config, overrides, root: absolute(&config.root) })
    }

    /// The severity of `rule` in `path`, `default` if nothing is configured; `None` if it is switched off.
    pub(crate) fn severity_of(&self, rule: &str, path: &Path, default: Severity) -> Option<Severity> {
        let general = self.config.severities.get(rule);
        let special = || {
            let path = absolute(path);
            let path = path.strip_prefix(&self.root).unwrap_or(&path);
            let mut parts = self.overrides.iter().rev();
            parts.find_map(|(glob, severities)| severities.get(rule).filter(|_| glob.is_match(path)))
        };
        let configured = if self.overrides.is_empty() { general } else { special().or(general) };
        configured.map_or(Some(default), |severity| *severity)
    }
}

/// From the root on; the empty path is the working folder.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    path.components().filter(|component| !matches!(component, std::path::Component::CurDir)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(glob: &str, rule: &str, severity: Option<Severity>) -> PathSeverities {
        PathSeverities { glob: glob.to_owned(), severities: [(rule.to_owned(), severity)].into() }
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
    fn a_pattern_that_is_none_is_refused() {
        let config = Config { overrides: vec![part("tests/[", "temp-path", None)], ..Config::default() };
        assert!(matches!(config.validate(), Err(Error::Pattern { .. })));
    }
}
