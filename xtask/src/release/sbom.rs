//! A software bill of materials for each archive, from cargo's own resolution; source: CycloneDX 1.5, JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{PROGRAMS, metadata};
use crate::program::output_of;
use crate::workspace::Workspace;

/// Describes a package and all crates that are compiled into its programs for a target, with build dependencies.
pub(super) fn of_package(workspace: &Workspace, package: &str, target: &str) -> anyhow::Result<Value> {
    of_metadata(&metadata(workspace, target)?, package, &compiled(workspace, target)?)
}

/// Returns name and version of all crates that a build of the programs compiles: cargo's metadata also has crates that other packages of the
/// workspace switch on.
fn compiled(workspace: &Workspace, target: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut tree = workspace.cargo();
    tree.args(["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--target", target]);
    tree.args(PROGRAMS.iter().flat_map(|(package, _)| ["--package", package]));
    let printed = output_of(&mut tree, Stdio::inherit())?;
    ensure!(printed.status.success(), "cargo tree fails");
    let text = String::from_utf8(printed.stdout).context("cargo tree prints no UTF-8")?;
    // Each line is `name v1.2.3`, with the path of a package of the workspace and marks behind it.
    Ok(text.lines().filter_map(|line| line.split_once(" v")).map(|(name, rest)| crate_of(name, rest)).collect())
}

fn crate_of(name: &str, version: &str) -> String {
    format!("{name} {}", version.split(' ').next().unwrap_or(version))
}

fn of_metadata(metadata: &Value, package: &str, compiled: &BTreeSet<String>) -> anyhow::Result<Value> {
    let list = |value: &Value, what: &str| value.as_array().cloned().with_context(|| format!("there are no {what}"));
    let text = |value: &Value, key: &str| value[key].as_str().map(str::to_owned).with_context(|| format!("no {key}"));
    let mut packages = BTreeMap::new();
    for package in list(&metadata["packages"], "packages")? {
        packages.insert(text(&package, "id")?, package);
    }
    let mut edges = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"], "nodes")? {
        let mut needed = BTreeSet::new();
        for dependency in list(&node["deps"], "dependencies")? {
            let needs = &packages[&text(&dependency, "pkg")?];
            if !compiled.contains(&crate_of(&text(needs, "name")?, &text(needs, "version")?)) {
                continue;
            }
            let kinds = list(&dependency["dep_kinds"], "kinds of a dependency")?;
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                needed.insert(text(&dependency, "pkg")?);
            }
        }
        edges.insert(text(&node, "id")?, needed);
    }
    let is_root = |(_, found): &(&String, &Value)| found["name"] == package && found["source"].is_null();
    let root = packages.iter().find(is_root).map(|(id, _)| id.clone()).context("the workspace has no such package")?;
    let mut reached = BTreeSet::from([root.clone()]);
    let mut open = vec![root.clone()];
    while let Some(id) = open.pop() {
        for needed in edges.get(&id).context("a package has no node")? {
            if reached.insert(needed.clone()) {
                open.push(needed.clone());
            }
        }
    }
    ensure!(reached.len() > 1, "{package} has no dependency, which cannot be right");
    let reference = |id: &str| -> anyhow::Result<String> {
        let package = packages.get(id).context("an edge leads to no package")?;
        Ok(format!("pkg:cargo/{}@{}", text(package, "name")?, text(package, "version")?))
    };
    let component = |id: &str, kind: &str| -> anyhow::Result<Value> {
        let package = &packages[id];
        Ok(json!({
            "type": kind,
            "bom-ref": reference(id)?,
            "purl": reference(id)?,
            "name": package["name"],
            "version": package["version"],
            "licenses": package["license"].as_str().map(|expression| json!([{ "expression": expression.replace('/', " OR ") }])),
        }))
    };
    let libraries = reached.iter().filter(|id| **id != root);
    let components = libraries.map(|id| component(id, "library")).collect::<anyhow::Result<Vec<_>>>()?;
    let dependencies = reached
        .iter()
        .map(|id| {
            let needed = edges[id].iter().map(|needed| reference(needed)).collect::<anyhow::Result<Vec<_>>>()?;
            Ok(json!({ "ref": reference(id)?, "dependsOn": needed }))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(&root, "application")? },
        "components": components,
        "dependencies": dependencies,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program, a library that it needs, one that only its tests need, one that nothing needs, and one that another
    /// package switches on.
    fn metadata() -> Value {
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0", "source": null });
        let needs = |name: &str, kind: Value| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        json!({
            "packages": (["program", "library", "macro", "tester", "stranger", "optional"].map(package)),
            "resolve": { "nodes": [
                { "id": "program", "deps": [needs("library", Value::Null), needs("tester", json!("dev"))] },
                { "id": "library", "deps": [needs("macro", json!("build")), needs("optional", Value::Null)] },
                { "id": "optional", "deps": [] },
                { "id": "macro", "deps": [] },
                { "id": "tester", "deps": [] },
                { "id": "stranger", "deps": [] },
            ] },
        })
    }

    #[test]
    fn what_is_compiled_in_is_listed_and_nothing_else() {
        let compiled =
            ["program", "library", "macro", "tester"].map(|name| crate_of(name, "1.0.0 (proc-macro)")).into();
        let sbom = of_metadata(&metadata(), "program", &compiled).unwrap();
        let names: Vec<_> = sbom["components"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
        assert_eq!(names, ["library", "macro"]);
        assert_eq!(sbom["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(sbom["metadata"]["component"]["purl"], "pkg:cargo/program@1.0.0");
        let depends: Vec<_> =
            sbom["dependencies"].as_array().unwrap().iter().map(|it| it["dependsOn"].clone()).collect();
        assert_eq!(depends, [json!(["pkg:cargo/macro@1.0.0"]), json!([]), json!(["pkg:cargo/library@1.0.0"])]);
        assert!(of_metadata(&metadata(), "nothing", &compiled).is_err());
    }
}
