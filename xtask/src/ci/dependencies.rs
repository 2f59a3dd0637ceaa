//! The step that counts the crates that users get with `netns-fixtures`, compares them with docs/dependencies.md, and compares the licences
//! of all crates with deny.toml, and their compilers with the promised one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::{Outcome, check};
use crate::packages::published;
use crate::program::output_of;
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// The maximum number of crates for a user with the default features.
const MOST: usize = 44;

/// Crates that may have two versions in a tree, with the reason.
const DUPLICATES: &[(&str, &str)] = &[("syn", "zerocopy-derive, of netlink-packet-route, still uses version 2")];

/// The features that the page lists.
const FEATURES: [&str; 4] = ["confine", "rtnetlink", "serde", "tracing"];

/// The end of the page, measured by hand: times differ from run to run, so the step does not compare them.
const BUILD_TIME: &str = "
## Build time

| first build, unoptimised, on two cores that other builds shared | on the clock | CPU time of user mode |
|---|---|---|
| `cargo test` of a new project: the crates above, the fixtures, two tests ([new-user-log.md](new-user-log.md)) | 455 to 615 s | 71 to 97 s |
| `cargo check --package netns-fixtures` | 575 s | 84 s |

The target is 20 s on two idle cores, and it is missed: 71 s of CPU time take 36 s on two cores at best. `cargo xtask ci --only build-time` measures a build and
lists the crates that take longest.
";

const PAGE: &str = "docs/dependencies.md";

pub(super) fn run(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let default = crates(workspace, &[])?;
    ensure!(default.len() <= MOST, "netns-fixtures brings {} crates, and {MOST} are the most", default.len());
    let page = page(workspace, &default)?;
    let file = workspace.root().join(PAGE);
    let committed = fs::read_to_string(&file).unwrap_or_default();
    if committed != page {
        fs::write(&file, page).with_context(|| format!("failed to write {PAGE}"))?;
        anyhow::bail!("{PAGE} was out of date and has been written anew; commit it");
    }
    for (name, versions) in versions(&default) {
        let is_known = DUPLICATES.iter().any(|(known, _)| *known == name);
        ensure!(versions.len() == 1 || is_known, "there are several versions of {name}: {}", versions.join(", "));
    }
    check_licences(workspace)?;
    // cargo-deny looks at more, in the nightly step `deny`.
    check_compilers(workspace)?;
    Ok(Outcome::Checked)
}

/// Checks that no crate of the published packages needs a newer compiler than they promise.
fn check_compilers(workspace: &Workspace) -> anyhow::Result<()> {
    let printed = output_of(
        workspace.cargo().args(["metadata", "--format-version", "1", "--locked", "--all-features"]),
        Stdio::inherit(),
    )?;
    ensure!(printed.status.success(), "cargo metadata fails");
    let metadata: Value = serde_json::from_slice(&printed.stdout).context("cargo metadata prints no JSON")?;
    let number = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
        [(); 3].map(|()| parts.next().unwrap_or(0_u64))
    };
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let promised = packages.iter().find(|package| package["name"] == "netns-fixtures").context("no netns-fixtures")?;
    let promised = promised["rust_version"].as_str().context("netns-fixtures promises no compiler")?;
    let published = published(workspace)?;
    let mut words = vec!["--edges", "no-dev", "--all-features"];
    words.extend(published.iter().flat_map(|package| ["--package", &package.name]));
    let used = tree(workspace, &words)?;
    let is_used = |package: &&Value| {
        let (name, version) = (package["name"].as_str(), package["version"].as_str());
        name.zip(version).is_some_and(|(name, version)| used.contains(&format!("{name} v{version}")))
    };
    for package in packages.iter().filter(is_used) {
        // A crate without a version promises nothing; the step `oldest-compiler` builds it.
        let needs = package["rust_version"].as_str().unwrap_or("1.0");
        ensure!(
            number(needs) <= number(promised),
            "{} needs Rust {needs}, and {promised} is promised",
            package["name"]
        );
    }
    Ok(())
}

/// Checks that deny.toml allows a licence of every crate in the workspace's tree.
fn check_licences(workspace: &Workspace) -> anyhow::Result<()> {
    let rules = fs::read_to_string(workspace.root().join("deny.toml")).context("failed to read deny.toml")?;
    let (_, allowed) = rules.split_once("\nallow = [").context("deny.toml allows no licences")?;
    let (allowed, _) = allowed.split_once(']').context("the list of licences has no end")?;
    let allowed: Vec<_> = allowed.split('"').skip(1).step_by(2).collect();
    let mut tree = workspace.cargo();
    tree.args(["tree", "--workspace", "--prefix", "none", "--format", "{p}\t{l}"]);
    let printed = output_of(&mut tree, Stdio::inherit())?;
    ensure!(printed.status.success(), "cargo tree fails");
    let lines: BTreeSet<_> = str::from_utf8(&printed.stdout).context("a name is not UTF-8")?.lines().collect();
    for (name, licence) in lines.iter().filter_map(|line| line.split_once('\t')) {
        let licence = licence.trim_end_matches(" (*)");
        ensure!(is_allowed(licence, &allowed), "{name} has the licence {licence:?}, which deny.toml does not allow");
    }
    Ok(())
}

/// Returns whether allowed licences alone satisfy an SPDX expression. `/` is an old form of `OR`. Parentheses work only in the form `(A OR
/// B) AND C`.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    let is_listed = |part: &str| allowed.contains(&part.trim_matches(|one: char| "() ".contains(one)));
    if expression.contains('(') {
        return expression.split(" AND ").all(|conjunct| conjunct.split(" OR ").any(is_listed));
    }
    expression.split(" OR ").any(|alternative| alternative.split(" AND ").all(is_listed))
}

/// Returns the crates below netns-fixtures, as `name v1.2.3`, including build dependencies.
fn crates(workspace: &Workspace, features: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    let features = features.join(",");
    let mut words = vec!["--package", "netns-fixtures", "--edges", "no-dev"];
    if !features.is_empty() {
        words.extend(["--features", &features]);
    }
    let mut crates = tree(workspace, &words)?;
    crates.retain(|name| !name.starts_with("netns-fixtures "));
    Ok(crates)
}

/// Returns the packages that the Cargo.lock of a new project gets by netns-fixtures with these features, as `name v1.2.3`.
fn locked(workspace: &Workspace, features: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    const PROJECT: &str = "a-project";
    let folder = TempDir::with_prefix_in("locked-", workspace.temporary_folder()).context("failed to make a folder")?;
    let file = |name: &str| folder.path().join(name);
    let fixtures = workspace.root().join("fixtures");
    let manifest = format!(
        "[workspace]\n\n[package]\nname = {PROJECT:?}\nedition = \"2024\"\n\n[dependencies]\n\
         netns-fixtures = {{ path = \"{}\", features = {features:?} }}\n",
        fixtures.display()
    );
    fs::create_dir(file("src")).context("failed to make a folder")?;
    fs::write(file("src/lib.rs"), "").context("failed to write a library")?;
    fs::write(file("Cargo.toml"), manifest).context("failed to write a manifest")?;
    // Cargo keeps the versions of this file, and removes the packages that the project does not need.
    fs::copy(workspace.root().join("Cargo.lock"), file("Cargo.lock")).context("failed to copy Cargo.lock")?;
    check(workspace.cargo().current_dir(folder.path()).args(["update", "--workspace", "--quiet"]))?;
    let mut packages = packages_of(&fs::read_to_string(file("Cargo.lock")).context("failed to read Cargo.lock")?);
    packages.retain(|name| !name.starts_with(&format!("{PROJECT} ")));
    Ok(packages)
}

/// Returns the packages of a Cargo.lock, as `name v1.2.3`.
pub(super) fn packages_of(lock: &str) -> BTreeSet<String> {
    let value = |package: &str, key: &str| {
        package.lines().find_map(|line| Some(line.strip_prefix(key)?.strip_prefix(" = ")?.trim_matches('"').to_owned()))
    };
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|package| Some(format!("{} v{}", value(package, "name")?, value(package, "version")?)))
        .collect()
}

/// Returns the names and versions of the crates in a dependency tree, for example `libc v0.2.180`.
fn tree(workspace: &Workspace, words: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    let mut tree = workspace.cargo();
    tree.args(["tree", "--prefix", "none", "--format", "{p}"]).args(words);
    let printed = output_of(&mut tree, Stdio::inherit())?;
    ensure!(printed.status.success(), "cargo tree fails");
    let named = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Ok(String::from_utf8_lossy(&printed.stdout).lines().map(named).collect())
}

/// Returns the versions of each crate.
fn versions(crates: &BTreeSet<String>) -> BTreeMap<&str, Vec<&str>> {
    let mut versions = BTreeMap::<_, Vec<_>>::new();
    for (name, version) in crates.iter().filter_map(|named| named.split_once(' ')) {
        versions.entry(name).or_default().push(version);
    }
    versions
}

fn page(workspace: &Workspace, default: &BTreeSet<String>) -> anyhow::Result<String> {
    use std::fmt::Write;
    let names = |crates: &mut dyn Iterator<Item = &String>| {
        crates.filter_map(|named| named.split(' ').next()).collect::<Vec<_>>().join(", ")
    };
    let locked_by_default = locked(workspace, &[])?;
    let mut page = format!(
        "# Dependencies\n\n\
         `cargo xtask ci --only dependencies` writes this page and compares it.\n\n\
         With the default features `netns-fixtures` adds {} crates to a build on Linux. On other systems it adds netns-macros and \
         what that needs (syn, quote, proc-macro2, unicode-ident).\n\n\
         Cargo.lock grows by more: it also lists crates of other systems, and optional ones that no feature here needs.\n\n\
         | feature | more crates on Linux | more packages in Cargo.lock | which crates |\n|---|---|---|---|\n\
         | default | {} | {} | {} |\n",
        default.len(),
        default.len(),
        locked_by_default.len(),
        names(&mut default.iter()),
    );
    for feature in FEATURES {
        let (with, locked) = (crates(workspace, &[feature])?, locked(workspace, &[feature])?);
        let more: Vec<_> = with.difference(default).collect();
        let locked = locked.difference(&locked_by_default).count();
        writeln!(page, "| `{feature}` | {} | {locked} | {} |", more.len(), names(&mut more.iter().copied()))?;
    }
    page.push_str("\nCrates with two versions:\n\n");
    for (name, reason) in DUPLICATES {
        writeln!(page, "- {name}: {reason}.")?;
    }
    page.push_str(BUILD_TIME);
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_allowed_by_one_of_its_alternatives() {
        let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
        for good in [
            "MIT",
            "Zlib OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "GPL-3.0 OR MIT AND Unicode-3.0",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND OpenSSL"] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }

    /// Cargo unites the features of a workspace's packages, so `cargo test --workspace` runs the fixtures' tests of those that netns-tests has.
    #[test]
    fn each_feature_is_listed_tested_and_documented() {
        let read = |file: &str| fs::read_to_string(Workspace::find().unwrap().root().join(file)).unwrap();
        let quoted = |line: &str| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let manifest = read("fixtures/Cargo.toml");
        let (_, declared) = manifest.split_once("\n[features]\n").unwrap();
        let (declared, _) = declared.split_once("\n[").unwrap();
        let declared: BTreeSet<_> = declared
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.split_once(" = ")?.0))
            .collect();
        assert_eq!(declared, BTreeSet::from(FEATURES));
        let tests = read("tests/Cargo.toml");
        let tested = tests.lines().find(|line| line.starts_with("netns-fixtures = ")).unwrap();
        assert_eq!(quoted(tested), FEATURES);
        let documented = manifest.split_once("[package.metadata.docs.rs]\n").unwrap().1;
        assert_eq!(quoted(documented.lines().next().unwrap()), FEATURES);
    }

    #[test]
    fn a_lock_file_has_each_package_once() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n]\n\n\
                    [[package]]\nname = \"b\"\nversion = \"0.2.0\"\n";
        assert_eq!(packages_of(lock), BTreeSet::from(["a v1.0.0", "b v0.2.0"].map(str::to_owned)));
    }

    #[test]
    fn two_versions_of_a_crate_are_seen() {
        let crates = ["a v1.0.0", "b v0.1.0", "b v0.2.0"].map(str::to_owned).into();
        assert_eq!(versions(&crates)["b"], ["v0.1.0", "v0.2.0"]);
        assert_eq!(versions(&crates)["a"], ["v1.0.0"]);
    }
}
