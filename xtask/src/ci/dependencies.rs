//! The step that counts the crates that users get with `netns-fixtures`, compares them with docs/dependencies.md, and compares the licences
//! of all crates with deny.toml. If cargo-deny is installed, it checks more with the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;

use anyhow::{Context, ensure};

use super::program::output_of;
use super::skipped::Skipped;
use super::{Outcome, check};
use crate::workspace::Workspace;

/// The maximum number of crates for a user with the default features.
const MOST: usize = 45;

/// Crates that may have two versions in a tree, with the reason.
const DUPLICATES: &[(&str, &str)] = &[("syn", "zerocopy-derive, of netlink-packet-route, still uses version 2")];

/// The features that the page lists.
const FEATURES: [&str; 4] = ["confine", "rtnetlink", "serde", "tracing"];

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
    let mut deny = workspace.cargo();
    if deny
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|it| it.success())
    {
        // Skips advisories, because not every machine can reach their repository.
        return check(workspace.cargo().args(["deny", "check", "bans", "licenses", "sources"]));
    }
    Ok(Outcome::PartlyNotRun("cargo-deny is not installed; `cargo install cargo-deny` installs it".to_owned()))
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
    let mut tree = workspace.cargo();
    tree.args(["tree", "--package", "netns-fixtures", "--edges", "no-dev", "--prefix", "none", "--format", "{p}"]);
    if !features.is_empty() {
        tree.args(["--features", &features.join(",")]);
    }
    let printed = output_of(&mut tree, Stdio::inherit())?;
    ensure!(printed.status.success(), "cargo tree fails");
    let named = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Ok(String::from_utf8_lossy(&printed.stdout)
        .lines()
        .map(named)
        .filter(|name| !name.starts_with("netns-fixtures "))
        .collect())
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
    let mut page = format!(
        "# Dependencies\n\n\
         `cargo xtask ci --only dependencies` writes this page and compares it.\n\n\
         With the default features `netns-fixtures` adds {} crates to a build on Linux. On other systems it adds netns-macros and \
         what that needs (syn, quote, proc-macro2, unicode-ident).\n\n\
         | feature | more crates | which |\n|---|---|---|\n| default | {} | {} |\n",
        default.len(),
        default.len(),
        names(&mut default.iter()),
    );
    for feature in FEATURES {
        let with = crates(workspace, &[feature])?;
        let more: Vec<_> = with.difference(default).collect();
        writeln!(page, "| `{feature}` | {} | {} |", more.len(), names(&mut more.iter().copied()))?;
    }
    page.push_str("\nCrates with two versions:\n\n");
    for (name, reason) in DUPLICATES {
        writeln!(page, "- {name}: {reason}.")?;
    }
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

    #[test]
    fn two_versions_of_a_crate_are_seen() {
        let crates = ["a v1.0.0", "b v0.1.0", "b v0.2.0"].map(str::to_owned).into();
        assert_eq!(versions(&crates)["b"], ["v0.1.0", "v0.2.0"]);
        assert_eq!(versions(&crates)["a"], ["v1.0.0"]);
    }
}
