//! What a user can set. Reading it from files is the business of the command line; the library takes the values.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::error::Error;
use crate::finding::Severity;
use crate::rules;

/// How a run judges.
#[derive(Clone, Debug)]
pub struct Config {
    /// Also what is hazardous only in special surroundings.
    pub pedantic: bool,
    /// Check everything, whether it is test code or not.
    pub all_code: bool,
    /// Findings below this do not count and are not shown.
    pub min_severity: Severity,
    /// Severity by rule name; `None` switches the rule off.
    pub severities: BTreeMap<String, Option<Severity>>,
    /// The longest time that a test may wait because the environment says so. Default: ten minutes.
    pub max_duration: Duration,
    /// The largest size, count or capacity that the environment may ask for. Default: 2^30.
    pub max_size: u64,
    /// Addresses that are no finding, as written in the source.
    pub allowed_addresses: Vec<String>,
    /// How many findings are kept; more are counted in a last one. Default: 100,000.
    pub max_findings: usize,
    /// Packages whose whole code counts as test code.
    pub support_crates: Vec<String>,
    /// Read the packages of files that are given alone, so that helpers in other files are understood.
    pub whole_package: bool,
    /// Worker threads. Default: one a core.
    pub threads: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pedantic: false,
            all_code: false,
            min_severity: Severity::Note,
            severities: BTreeMap::new(),
            max_duration: Duration::from_secs(600),
            max_size: 1 << 30,
            allowed_addresses: Vec::new(),
            max_findings: 100_000,
            support_crates: Vec::new(),
            whole_package: false,
            threads: None,
        }
    }
}

impl Config {
    /// What is configured for `rule` in `path`: nothing, off (`Some(None)`), or a severity.
    pub fn severity_of(&self, rule: &str, _path: &Path) -> Option<Option<Severity>> {
        self.severities.get(rule).copied()
    }

    /// Refuses names of rules that do not exist.
    ///
    /// # Errors
    /// [`Error::UnknownRule`].
    pub fn validate(&self) -> Result<(), Error> {
        match self.severities.keys().find(|name| !rules::exists(name)) {
            Some(name) => Err(Error::UnknownRule { name: name.clone(), known: rules::names().join(", ") }),
            None => Ok(()),
        }
    }
}
