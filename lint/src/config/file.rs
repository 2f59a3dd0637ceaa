//! Configuration files: `[lint]` in `netns-test.toml`, or `[workspace.metadata.netns-lint]` in a `Cargo.toml`.
//!
//! The nearest directory from the working directory upwards that has one of the two applies; the search stops at the
//! root of the repository or workspace. Unknown keys, rules and values are errors with line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::{Config, PathSeverities, Severities, absolute};
use crate::catalogue;
use crate::error::Error;
use crate::finding::Severity;
use crate::network::Network;
use crate::scope::Role;
use crate::span::{LineIndex, Span};
use crate::suggestion::{did_you_mean, for_unknown};
use crate::tables::ExtraTables;

/// The configuration file of all tools of this project.
const OWN_FILE: &str = "netns-test.toml";
/// The default file name of the baseline, next to the configuration.
pub(crate) const BASELINE_FILE: &str = "netns-lint-baseline.toml";

/// The content of a configuration file, and the path of the baseline.
#[derive(Debug, Default)]
pub(crate) struct FromFile {
    /// The values, with defaults for missing keys.
    pub config: Config,
    /// The path of the baseline; the file may be missing unless the configuration names it.
    pub baseline: PathBuf,
    /// Whether the file names the baseline.
    pub baseline_is_named: bool,
}

/// The fixtures read the other tables; they are listed here so that a misspelt `[lint]` is an error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OwnFile {
    lint: Option<Section>,
    #[serde(rename = "address-plan")]
    _address_plan: Option<IgnoredAny>,
    #[serde(rename = "deadlines")]
    _deadlines: Option<IgnoredAny>,
    #[serde(rename = "limits")]
    _limits: Option<IgnoredAny>,
    #[serde(rename = "ports")]
    _ports: Option<IgnoredAny>,
    #[serde(rename = "programs")]
    _programs: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    workspace: Option<Workspace>,
}

#[derive(Debug, Deserialize)]
struct Workspace {
    metadata: Option<Metadata>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(rename = "netns-lint")]
    lint: Option<Section>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Section {
    pedantic: bool,
    all_code: bool,
    min_severity: Option<Severity>,
    max_duration: Option<Spanned<String>>,
    max_size: Option<u64>,
    allowed_addresses: Vec<Spanned<String>>,
    support_crates: Vec<String>,
    baseline: Option<PathBuf>,
    rules: BTreeMap<Spanned<String>, Level>,
    paths: Vec<Part>,
    tables: ExtraTables,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Part {
    glob: Spanned<String>,
    #[serde(default)]
    rules: BTreeMap<Spanned<String>, Level>,
    role: Option<Role>,
}

/// A severity, or `off`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Off,
    Note,
    Warning,
    Error,
}

impl Level {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Note => Some(Severity::Note),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// Reads the configuration that applies in `folder`; returns the defaults if there is none.
///
/// # Errors
/// [`Error::Config`].
pub(crate) fn find(folder: &Path) -> Result<FromFile, Error> {
    let start = absolute(folder);
    for folder in start.ancestors() {
        let own = folder.join(OWN_FILE);
        let manifest = folder.join("Cargo.toml");
        let (own_section, manifest_section) = (section_of(&own)?, section_of(&manifest)?);
        match (own_section, manifest_section) {
            (Some(_), Some(_)) => {
                let message = format!("{OWN_FILE} beside it configures the lint as well; keep one of the two");
                return Err(Error::Config { path: manifest, message });
            }
            (Some((section, text)), None) => return section.settle(&own, &text),
            (None, Some((section, text))) => return section.settle(&manifest, &text),
            (None, None) => {}
        }
        let is_root = folder.join(".git").exists()
            || std::fs::read_to_string(&manifest).is_ok_and(|text| text.contains("[workspace"));
        if is_root {
            return Ok(FromFile { baseline: folder.join(BASELINE_FILE), ..FromFile::default() });
        }
    }
    Ok(FromFile { baseline: start.join(BASELINE_FILE), ..FromFile::default() })
}

/// Reads the configuration of one file.
///
/// # Errors
/// [`Error::Config`], also if the file has no section for the lint.
pub(crate) fn read(path: &Path) -> Result<FromFile, Error> {
    let Some((section, text)) = section_of(path)? else {
        let message = "has neither `[lint]` nor `[workspace.metadata.netns-lint]`, or is not there".to_owned();
        return Err(Error::Config { path: path.to_path_buf(), message });
    };
    section.settle(path, &text)
}

/// Returns the lint section of a file, and the file's text; `None` if the file or the section does not exist.
fn section_of(path: &Path) -> Result<Option<(Section, String)>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::Config { path: path.to_path_buf(), message: error.to_string() }),
    };
    let section = if path.file_name().is_some_and(|name| name == "Cargo.toml") {
        // Cargo reports other errors in a manifest.
        if !text.contains("netns-lint") {
            return Ok(None);
        }
        toml::from_str::<Manifest>(&text).map(|manifest| manifest.workspace?.metadata?.lint)
    } else {
        toml::from_str::<OwnFile>(&text).map(|file| file.lint)
    };
    match section {
        Ok(section) => Ok(section.map(|section| (section, text))),
        Err(error) => Err(at(path, &text, error.span().unwrap_or_default(), &with_suggestion(error.message()))),
    }
}

fn with_suggestion(message: &str) -> String {
    format!("{message}{}", for_unknown(message))
}

/// Creates an error with a location in a configuration file.
fn at(path: &Path, text: &str, range: Range<usize>, message: &str) -> Error {
    let offset = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
    let place = LineIndex::new(text).locate(text, Span::new(offset(range.start), offset(range.end))).start;
    Error::Config {
        path: path.to_path_buf(),
        message: format!("line {}, column {}: {message}", place.line, place.column),
    }
}

impl Section {
    fn settle(self, path: &Path, text: &str) -> Result<FromFile, Error> {
        let root = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let severities = |rules: BTreeMap<Spanned<String>, Level>| -> Result<Severities, Error> {
            rules
                .into_iter()
                .map(|(name, level)| {
                    let span = name.span();
                    if catalogue::exists(name.get_ref()) {
                        return Ok((name.into_inner(), level.severity()));
                    }
                    let message = {
                        let (name, known) = (name.get_ref(), catalogue::names());
                        format!(
                            "there is no rule `{name}`{}; there are {}",
                            did_you_mean(name, &known),
                            known.join(", ")
                        )
                    };
                    Err(at(path, text, span, &message))
                })
                .collect()
        };
        let mut config = Config {
            pedantic: self.pedantic,
            all_code: self.all_code,
            support_crates: self.support_crates,
            tables: self.tables,
            severities: severities(self.rules)?,
            ..Config::default()
        };
        config.min_severity = self.min_severity.unwrap_or(config.min_severity);
        config.max_size = self.max_size.unwrap_or(config.max_size);
        if let Some(duration) = self.max_duration {
            config.max_duration = time(duration.get_ref()).ok_or_else(|| {
                at(path, text, duration.span(), "expected a time above zero like `\"90s\"`, `\"10m\"` or `\"1h\"`")
            })?;
        }
        for address in self.allowed_addresses {
            if Network::parse(address.get_ref()).is_none() {
                return Err(at(path, text, address.span(), "expected an address or a network like `\"10.0.0.0/8\"`"));
            }
            config.allowed_addresses.push(address.into_inner());
        }
        for part in self.paths {
            let span = part.glob.span();
            let glob = part.glob.into_inner();
            let one = Config {
                overrides: vec![PathSeverities { glob, severities: severities(part.rules)?, role: part.role }],
                ..Config::default()
            };
            one.validate().map_err(|error| at(path, text, span, &error.to_string()))?;
            config.overrides.extend(one.overrides);
        }
        let baseline_is_named = self.baseline.is_some();
        let baseline = root.join(self.baseline.unwrap_or_else(|| PathBuf::from(BASELINE_FILE)));
        config.root = root;
        Ok(FromFile { config, baseline, baseline_is_named })
    }
}

/// Parses `500ms`, `90s`, `10m` and `1h`; rejects zero.
fn time(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let milliseconds = match text[digits..].trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).filter(|total| *total > 0).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<FromFile, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(OWN_FILE);
        std::fs::write(&path, text).expect("written");
        read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_read() {
        let text = r#"
            [deadlines]
            other = "is the business of the fixtures"
            [lint]
            pedantic = true
            all-code = true
            min-severity = "warning"
            max-duration = "90s"
            max-size = 1024
            allowed-addresses = ["10.0.0.0/8", "192.168.1.1"]
            support-crates = ["support"]
            baseline = "old.toml"
            [lint.rules]
            literal-port = "off"
            [[lint.paths]]
            glob = "tests/old/**"
            rules = { temp-path = "note" }
            [lint.tables]
            shells = ["rbash"]
            checks = ["is_valid"]
            sources = [{ call = "settings::read", origin = "environment" }]
            sinks = [{ call = ".shell", kind = "shell" }]
        "#;
        let found = parsed(text).expect("valid");
        let config = found.config;
        assert!(config.pedantic && config.all_code && found.baseline_is_named);
        assert_eq!(config.min_severity, Severity::Warning);
        assert_eq!((config.max_duration, config.max_size), (Duration::from_secs(90), 1024));
        assert_eq!(config.severities["literal-port"], None);
        assert_eq!(config.overrides[0].severities["temp-path"], Some(Severity::Note));
        assert_eq!((config.tables.shells.len(), config.tables.sinks[0].argument), (1, 0));
        assert!(found.baseline.ends_with("old.toml"));
    }

    #[test]
    fn mistakes_name_their_place() {
        for (text, place, what) in [
            ("[lint]\npedantics = true\n", "line 2, column 1", "(did you mean `pedantic`?)"),
            ("[lint]\npedantic = 1\n", "line 2, column 12", "boolean"),
            (
                "[lint.rules]\nliteral-port = \"off\"\nshel-command = \"off\"\n",
                "line 3, column 1",
                "(did you mean `shell-command`?)",
            ),
            ("[lint.rules]\nliteral-port = \"loud\"\n", "line 2, column 16", "loud"),
            ("[lint]\nmax-duration = \"soon\"\n", "line 2, column 16", "10m"),
            ("[lint]\nmax-duration = \"0s\"\n", "line 2, column 16", "above zero"),
            ("[lint]\nallowed-addresses = [\"there\"]\n", "line 2, column 22", "10.0.0.0/8"),
            ("[[lint.paths]]\nglob = \"a[\"\nrules = {}\n", "line 2, column 8", "a["),
            ("[lint.tables]\nsinks = [{ call = \"x\", kind = \"nothing\" }]\n", "line 2", "nothing"),
            ("[lnit]\npedantic = true\n", "line 1, column 2", "(did you mean `lint`?)"),
            ("[lint\n", "line 1", ""),
        ] {
            let message = parsed(text).expect_err(text);
            assert!(message.contains(place) && message.contains(what), "{text}: {message}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(time("10m"), Some(Duration::from_secs(600)));
        assert_eq!(time("500ms"), Some(Duration::from_millis(500)));
        for text in ["", "10", "m", "0h", "1d", "99999999999999999999s"] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
