//! The step that tests the fixtures in a user's workspace of another kind than ours: virtual, in a folder with a space, with vendored crates,
//! ours among them, and offline; members that rename the dependency, switch its default features off, have no `std`, use it through a crate
//! of another name, or use a fork of it that has another name.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::{Outcome, check, count};
use crate::packages::published;
use crate::skipped::Skipped;
use crate::workspace::{Workspace, copy_folder};

/// A member: its name, its dependency on the fixtures below `[dependencies]` or `[dev-dependencies]`, its library and its test.
struct Member {
    name: &'static str,
    dependency: &'static str,
    library: &'static str,
    test: &'static str,
}

/// Our packages that the members need. A fork of the last one, by the name [`FORK`], is vendored too.
const OURS: [&str; 2] = ["netns-macros", "netns-fixtures"];

const FORK: &str = "forked-fixtures";

/// `VERSION` is replaced by the requirement of exactly our version.
const MEMBERS: [Member; 5] = [
    Member {
        name: "renamed",
        dependency: "[dev-dependencies]\nisolation = { package = \"netns-fixtures\", version = \"VERSION\" }\n",
        library: "",
        test: "use isolation::prelude::*;\n\n#[netns_test(crate = \"isolation\")]\nfn a_renamed_dependency(net: Pair) -> TestResult {\n    \
               net.client.ping(&net.server).run()?.expect_all()?;\n    Ok(())\n}\n",
    },
    Member {
        name: "without-defaults",
        dependency: "[dev-dependencies]\nnetns-fixtures = { version = \"VERSION\", default-features = false }\n",
        library: "",
        test: "use netns_fixtures::prelude::*;\n\n#[netns_test]\nfn no_default_features(net: Pair) -> TestResult {\n    \
               let _listener = net.server.tcp_listener(80)?;\n    net.client.tcp_connect((net.server.ipv4(), 80))?;\n    Ok(())\n}\n",
    },
    Member {
        name: "no-std",
        dependency: "[dev-dependencies]\nnetns-fixtures = \"VERSION\"\n",
        library: "#![no_std]\n\n/// Doubles.\npub fn twice(number: u16) -> u16 {\n    number.wrapping_mul(2)\n}\n",
        test: "use netns_fixtures::prelude::*;\n\n#[netns_test]\nfn beside_a_library_without_std(_own: Namespace) {\n    \
               assert_eq!(no_std::twice(20), 40);\n}\n",
    },
    Member {
        name: "ours",
        dependency: "[dependencies]\nnetns-fixtures = \"VERSION\"\n",
        library: "pub use netns_fixtures::*;\n",
        test: "use ours::prelude::*;\n\n#[netns_test(crate = \"ours\")]\nasync fn by_another_name(_own: Namespace) {}\n",
    },
    Member {
        name: "of-a-fork",
        dependency: "[dev-dependencies]\nforked-fixtures = \"VERSION\"\n",
        library: "",
        test: "use forked_fixtures::prelude::*;\n\n#[netns_test(crate = \"forked_fixtures\")]\nfn a_fork(net: Pair) -> TestResult {\n    \
               net.client.ping(&net.server).run()?.expect_all()?;\n    Ok(())\n}\n",
    },
];

/// Runs the tests of all members, from vendored crates alone.
pub(super) fn run(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    let folder = workspace.root().join("target/a user's workspace");
    let version = published(workspace)?.first().context("no package is published")?.version.clone();
    make_members(workspace, &folder, &version)?;
    vendor(workspace, &folder, &version)?;
    fs::create_dir_all(folder.join(".cargo")).context("failed to make a folder")?;
    let config = "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n\n[net]\noffline = true\n";
    write(&folder.join(".cargo/config.toml"), config)?;
    let mut testing = workspace.cargo();
    testing.args(["test", "--quiet", "--workspace", "--tests"]).current_dir(&folder);
    let tested = count(skipped, testing.env("CARGO_TARGET_DIR", workspace.root().join("target/users-workspace")))?;
    if let Outcome::Tested { counts, .. } = &tested {
        let members = MEMBERS.len() as u64;
        ensure!(counts.passed + counts.failed == members, "{} of {members} tests ran", counts.passed + counts.failed);
    }
    Ok(tested)
}

/// Fills the folder `vendor`: with the crates that our packages need, with the packaged sources of our own, and with the fork.
fn vendor(workspace: &Workspace, folder: &Path, version: &str) -> anyhow::Result<()> {
    let vendored = folder.join("vendor");
    // No registry has our packages, so another project depends on their paths.
    let project = folder.join("vendoring");
    let path = |name| workspace.root().join(short(name));
    let paths = OURS.map(|name| format!("{name} = {{ path = \"{}\" }}\n", path(name).display()));
    make_package(&project, "vendoring", &format!("[dependencies]\n{}\n[workspace]\n", paths.concat()))?;
    fs::copy(workspace.root().join("Cargo.lock"), project.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    check(workspace.cargo().args(["vendor", "--quiet"]).arg(&vendored).current_dir(&project))?;
    let target = workspace.root().join("target/packaged");
    let mut packaging = workspace.cargo();
    packaging.args(["package", "--quiet", "--allow-dirty", "--no-verify", "--target-dir"]).arg(&target);
    check(packaging.args(OURS.iter().flat_map(|name| ["--package", name])))?;
    for name in OURS {
        let mut tar = Command::new("tar");
        tar.arg("--extract").arg("--directory").arg(&vendored).arg("--file");
        check(tar.arg(target.join(format!("package/{name}-{version}.crate"))))?;
        // A directory source needs the file, and demands no sums in it.
        write(&vendored.join(format!("{name}-{version}/.cargo-checksum.json")), "{\"files\":{}}\n")?;
    }
    let original = OURS[OURS.len() - 1];
    let fork = vendored.join(FORK);
    copy_folder(&vendored.join(format!("{original}-{version}")), &fork)?;
    let manifest = fs::read_to_string(fork.join("Cargo.toml")).context("failed to read a packaged manifest")?;
    let renamed = [original.to_owned(), original.replace('-', "_")].iter().fold(manifest, |text, name| {
        let fork = if name.contains('-') { FORK.to_owned() } else { FORK.replace('-', "_") };
        text.replacen(&format!("name = {name:?}"), &format!("name = {fork:?}"), 1)
    });
    write(&fork.join("Cargo.toml"), &renamed)
}

/// The folder of one of our packages.
fn short(name: &str) -> &str {
    name.trim_start_matches("netns-")
}

fn make_members(workspace: &Workspace, folder: &Path, version: &str) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).context("failed to remove the workspace of the last run")?;
    }
    for Member { name, dependency, library, test } in &MEMBERS {
        let member = folder.join(name);
        make_package(&member, name, &dependency.replace("VERSION", &format!("={version}")))?;
        write(&member.join("src/lib.rs"), library)?;
        fs::create_dir_all(member.join("tests")).context("failed to make a folder")?;
        write(&member.join("tests/isolated.rs"), test)?;
    }
    let names = MEMBERS.map(|member| member.name);
    let manifest =
        format!("[workspace]\nresolver = \"3\"\nmembers = {names:?}\nexclude = [\"vendoring\", \"vendor\"]\n");
    write(&folder.join("Cargo.toml"), &manifest)?;
    // Uses the versions that this workspace is tested with.
    fs::copy(workspace.root().join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    Ok(())
}

/// Makes a package with an empty library.
fn make_package(folder: &Path, name: &str, dependencies: &str) -> anyhow::Result<()> {
    fs::create_dir_all(folder.join("src")).context("failed to make a folder")?;
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{dependencies}");
    write(&folder.join("Cargo.toml"), &manifest)?;
    write(&folder.join("src/lib.rs"), "")
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}
