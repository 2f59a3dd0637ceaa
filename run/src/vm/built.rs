//! The result of `cargo test` without its tests: test binaries with their calls, and programs that tests start.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use netns_vm::plan::Judge;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::recorder::{self, Recorded};
use super::{cargo, value_of};
use crate::cargo::{host, triples, variable};

/// The workspace that cargo finds for the arguments.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    pub(super) target: PathBuf,
}

impl Workspace {
    pub(super) fn find(arguments: &[OsString]) -> anyhow::Result<Self> {
        let mut metadata = cargo();
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        if let Some(manifest) = value_of(arguments, "--manifest-path") {
            metadata.arg("--manifest-path").arg(manifest);
        }
        let answer = metadata.output().context("failed to start cargo")?;
        ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr).trim());
        let answer: Value = serde_json::from_slice(&answer.stdout).context("cargo metadata prints no JSON")?;
        let folder =
            |key: &str| answer[key].as_str().map(PathBuf::from).with_context(|| format!("cargo metadata has no {key}"));
        let target = match value_of(arguments, "--target-dir") {
            Some(target) => std::path::absolute(target).context("failed to find the target folder")?,
            None => folder("target_directory")?,
        };
        Ok(Self { root: folder("workspace_root")?, target })
    }
}

/// A test binary, as cargo would have started it.
#[derive(Debug)]
pub(super) struct Binary {
    /// `package/target`.
    pub(super) target: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    /// Variables of cargo, and those of the caller that are for tests.
    pub(super) environment: Vec<(String, String)>,
    pub(super) judge: Judge,
}

impl Binary {
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| OsStr::new(value))
    }
}

/// The parts of a workspace that the machines need.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) tests: Vec<Binary>,
    /// Programs and examples, which tests start by their paths.
    pub(super) programs: Vec<PathBuf>,
    /// Crates with documentation tests, which do not run.
    pub(super) documentation: Vec<String>,
}

impl Built {
    /// Builds the tests with cargo.
    ///
    /// # Errors
    ///
    /// Fails if cargo fails or starts no test binary for these arguments.
    pub(super) fn build(arguments: &[OsString], folder: &Path) -> anyhow::Result<Self> {
        let mut cargo = cargo();
        cargo.args(["test", "--message-format", "json-render-diagnostics"]).args(arguments);
        let triples = triples(host().map_err(anyhow::Error::msg)?, arguments);
        let variables: Vec<String> = triples.iter().map(|triple| variable(triple)).collect();
        let (messages, recorded) = recorder::run(&mut cargo, &variables, folder)?;
        let messages = String::from_utf8(messages).context("a message of cargo is not UTF-8")?;
        let caller: BTreeMap<_, _> = env::vars_os().collect();
        let built = Self::of(&messages, recorded, &caller)?;
        ensure!(!built.tests.is_empty(), "cargo test starts no test binary for these arguments");
        Ok(built)
    }

    fn of(messages: &str, recorded: Recorded, caller: &BTreeMap<OsString, OsString>) -> anyhow::Result<Self> {
        let mut built = Self { documentation: recorded.documentation, ..Self::default() };
        let mut targets = BTreeMap::new();
        for line in messages.lines() {
            // Other lines are those of build scripts and wrappers.
            let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
            let Some(executable) = message["executable"].as_str() else { continue };
            if message["profile"]["test"] == true {
                targets.insert(executable.to_owned(), (name_of(&message)?, judge(&message)?));
            } else if matches!(message["target"]["kind"][0].as_str(), Some("bin" | "example")) {
                built.programs.push(executable.into());
            }
        }
        for call in recorded.binaries {
            let text = |key: &str| call[key].as_str().with_context(|| format!("a recorded call has no {key}"));
            let program = text("program")?;
            let arguments = call["arguments"].as_array().into_iter().flatten();
            let environment = call["environment"].as_object().into_iter().flatten();
            let environment: Vec<_> = environment
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .filter(|(name, value)| is_for_tests(name, value, caller))
                .collect();
            let package = call["environment"]["CARGO_PKG_NAME"].as_str().unwrap_or_default();
            let (name, judge) = targets.get(program).with_context(|| format!("cargo has not built {program}"))?;
            built.tests.push(Binary {
                target: format!("{package}/{name}"),
                program: program.into(),
                arguments: arguments.filter_map(|word| word.as_str().map(str::to_owned)).collect(),
                folder: text("folder")?.into(),
                environment,
                judge: *judge,
            });
        }
        Ok(built)
    }
}

/// Returns the name of a target, which no other target of its package has: `network` for an integration test, `lib` for a
/// library, `bin/server` for a program.
fn name_of(artifact: &Value) -> anyhow::Result<String> {
    let target = &artifact["target"];
    let name = target["name"].as_str().context("a message of cargo has no name")?;
    Ok(match target["kind"][0].as_str().unwrap_or_default() {
        "test" => name.to_owned(),
        kind @ ("bin" | "example" | "bench") => format!("{kind}/{name}"),
        _ => "lib".to_owned(),
    })
}

/// A variable that cargo has added or changed, or one of the caller that is for Rust's tests or the fixtures. The guest has its own
/// `PATH` and record of skips.
fn is_for_tests(name: &str, value: &str, caller: &BTreeMap<OsString, OsString>) -> bool {
    let is_of_this_command = name == "PATH"
        || name == "RUSTDOC"
        || name == netns_vm::SKIP_RECORD
        || name.starts_with("NETNS_RUN_VM_")
        || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER"));
    let is_new = caller.get(OsStr::new(name)).is_none_or(|known| known != value);
    !is_of_this_command && (is_new || name.starts_with("NETNS_TEST_") || name.starts_with("RUST_"))
}

/// A target with `harness = false` in its manifest has its own harness.
fn judge(message: &Value) -> anyhow::Result<Judge> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a message of cargo has no name or manifest");
    let (manifest, name) = (text(&message["manifest_path"])?, text(&message["target"]["name"])?);
    let source = fs::read_to_string(&manifest).with_context(|| format!("failed to read {manifest}"))?;
    let kind = message["target"]["kind"][0].as_str().unwrap_or_default();
    let has_own = has_own_harness(&source, kind, &name).with_context(|| format!("failed to parse {manifest}"))?;
    Ok(if has_own { Judge::Harness } else { Judge::Libtest })
}

fn has_own_harness(manifest: &str, kind: &str, name: &str) -> anyhow::Result<bool> {
    let manifest = DeTable::parse(manifest).map_err(|error| anyhow::anyhow!("{error}"))?;
    let is_own = |target: &DeTable<'_>| matches!(value(target, "harness"), Some(DeValue::Boolean(false)));
    let is_named =
        |target: &DeTable<'_>| matches!(value(target, "name"), Some(DeValue::String(known)) if known == name);
    let is_listed = matches!(kind, "test" | "bin" | "example" | "bench");
    // Every kind of library has the table `lib`.
    Ok(match value(manifest.get_ref(), if is_listed { kind } else { "lib" }) {
        Some(DeValue::Table(library)) => is_own(library),
        Some(DeValue::Array(targets)) => targets.iter().any(|target| match target.get_ref() {
            DeValue::Table(target) => is_named(target) && is_own(target),
            _ => false,
        }),
        _ => false,
    })
}

fn value<'a, 'text>(table: &'a DeTable<'text>, key: &str) -> Option<&'a DeValue<'text>> {
    table.get(key).map(toml::Spanned::get_ref)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MANIFEST: &str =
        "[lib]\nharness = false\n[[test]]\nname = \"own\"\nharness = false\n[[test]]\nname = \"usual\"\n";

    #[test]
    fn a_harness_is_that_of_the_manifest() {
        assert!(has_own_harness(MANIFEST, "test", "own").unwrap());
        assert!(!has_own_harness(MANIFEST, "test", "usual").unwrap());
        assert!(!has_own_harness(MANIFEST, "test", "found-by-its-file").unwrap());
        assert!(has_own_harness(MANIFEST, "proc-macro", "any").unwrap());
        assert!(!has_own_harness(MANIFEST, "bin", "any").unwrap());
        assert!(!has_own_harness("[package]\nname = \"a\"", "lib", "a").unwrap());
        assert!(has_own_harness("[", "lib", "a").is_err());
    }

    #[test]
    fn calls_and_messages_become_binaries_and_programs() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        fs::write(&manifest, MANIFEST).unwrap();
        let artifact = |kind: &str, name: &str, is_test: bool, executable: Option<&str>| {
            json!({
                "manifest_path": manifest, "target": { "kind": [kind], "name": name }, "profile": { "test": is_test },
                "executable": executable,
            })
            .to_string()
        };
        let messages = [
            artifact("test", "own", true, Some("/t/deps/own-0123456789abcdef")),
            artifact("test", "usual", true, Some("/t/deps/usual-0123456789abcdef")),
            artifact("lib", "library", true, Some("/t/deps/library-0123456789abcdef")),
            artifact("bin", "server", true, Some("/t/deps/server-0123456789abcdef")),
            artifact("bin", "server", false, Some("/t/server")),
            artifact("lib", "library", false, None),
            artifact("custom-build", "build-script-build", false, Some("/t/build")),
            "a build script printed this".to_owned(),
        ];
        let call = |program: &str| {
            json!({
                "program": program, "arguments": ["vlan"], "folder": "/w/my-crate",
                "environment": { "CARGO_PKG_NAME": "my-crate", "HOME": "/home/me", "RUST_LOG": "debug", "RUSTDOC": "x" },
            })
        };
        let programs = ["own", "usual", "library", "server"];
        let binaries = programs.map(|name| call(&format!("/t/deps/{name}-0123456789abcdef"))).to_vec();
        let recorded = Recorded { binaries, documentation: vec!["library".to_owned()] };
        let caller =
            [("HOME", "/home/me"), ("RUST_LOG", "debug")].map(|(name, value)| (name.into(), value.into())).into();
        let built = Built::of(&messages.join("\n"), recorded, &caller).unwrap();
        assert_eq!(built.programs, [PathBuf::from("/t/server")]);
        let of: Vec<_> = built.tests.iter().map(|binary| (&binary.target[..], binary.judge)).collect();
        let expected = [
            ("my-crate/own", Judge::Harness),
            ("my-crate/usual", Judge::Libtest),
            ("my-crate/lib", Judge::Harness),
            ("my-crate/bin/server", Judge::Libtest),
        ];
        assert_eq!(of, expected);
        let first = &built.tests[0];
        assert_eq!((&first.arguments[..], first.folder.to_str()), (&["vlan".to_owned()][..], Some("/w/my-crate")));
        let names: Vec<_> = first.environment.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, ["CARGO_PKG_NAME", "RUST_LOG"]);
    }
}
