//! The step that tests the fixtures in a user's workspace of another kind than ours: virtual, in a folder with a space, with vendored crates and
//! offline; members that rename the dependency, switch its default features off, have no `std`, or use it through a crate of another name.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::{Outcome, check, count};
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// A member: its name, its dependency on the fixtures below `[dependencies]` or `[dev-dependencies]`, its library and its test.
struct Member {
    name: &'static str,
    dependency: &'static str,
    library: &'static str,
    test: &'static str,
}

/// `PATH` is replaced by the folder of the fixtures.
const MEMBERS: [Member; 4] = [
    Member {
        name: "renamed",
        dependency: "[dev-dependencies]\nisolation = { package = \"netns-fixtures\", path = \"PATH\" }\n",
        library: "",
        test: "use isolation::prelude::*;\n\n#[netns_test(crate = \"isolation\")]\nfn a_renamed_dependency(net: Pair) -> TestResult {\n    \
               net.client.ping(&net.server).run()?.expect_all()?;\n    Ok(())\n}\n",
    },
    Member {
        name: "without-defaults",
        dependency: "[dev-dependencies]\nnetns-fixtures = { path = \"PATH\", default-features = false }\n",
        library: "",
        test: "use netns_fixtures::prelude::*;\n\n#[netns_test]\nfn no_default_features(net: Pair) -> TestResult {\n    \
               let _listener = net.server.tcp_listener(80)?;\n    net.client.tcp_connect((net.server.ipv4(), 80))?;\n    Ok(())\n}\n",
    },
    Member {
        name: "no-std",
        dependency: "[dev-dependencies]\nnetns-fixtures = { path = \"PATH\" }\n",
        library: "#![no_std]\n\n/// Doubles.\npub fn twice(number: u16) -> u16 {\n    number.wrapping_mul(2)\n}\n",
        test: "use netns_fixtures::prelude::*;\n\n#[netns_test]\nfn beside_a_library_without_std(_own: Namespace) {\n    \
               assert_eq!(no_std::twice(20), 40);\n}\n",
    },
    Member {
        name: "ours",
        dependency: "[dependencies]\nnetns-fixtures = { path = \"PATH\" }\n",
        library: "pub use netns_fixtures::*;\n",
        test: "use ours::prelude::*;\n\n#[netns_test(crate = \"ours\")]\nasync fn by_another_name(_own: Namespace) {}\n",
    },
];

/// Runs the tests of all members, from vendored crates alone.
pub(super) fn run(workspace: &Workspace, skipped: &Skipped) -> anyhow::Result<Outcome> {
    let folder = virtual_workspace(workspace)?;
    check(workspace.cargo().args(["vendor", "--quiet", "vendor"]).current_dir(&folder))?;
    fs::create_dir_all(folder.join(".cargo")).context("failed to make a folder")?;
    let config = "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n\n[net]\noffline = true\n";
    fs::write(folder.join(".cargo/config.toml"), config).context("failed to write cargo's configuration")?;
    let mut testing = workspace.cargo();
    testing.args(["test", "--quiet", "--workspace", "--tests"]).current_dir(&folder);
    let tested = count(skipped, testing.env("CARGO_TARGET_DIR", workspace.root().join("target/users-workspace")))?;
    if let Outcome::Tested { counts, .. } = &tested {
        let members = MEMBERS.len() as u64;
        ensure!(counts.passed + counts.failed == members, "{} of {members} tests ran", counts.passed + counts.failed);
    }
    Ok(tested)
}

fn virtual_workspace(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let folder = workspace.root().join("target/a user's workspace");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("failed to remove the workspace of the last run")?;
    }
    fs::create_dir_all(&folder).context("failed to make a folder")?;
    let names = MEMBERS.map(|member| member.name);
    write(&folder.join("Cargo.toml"), &format!("[workspace]\nresolver = \"3\"\nmembers = {names:?}\n"))?;
    // Uses the versions that this workspace is tested with.
    fs::copy(workspace.root().join("Cargo.lock"), folder.join("Cargo.lock")).context("failed to copy Cargo.lock")?;
    let fixtures = workspace.root().join("fixtures");
    for Member { name, dependency, library, test } in &MEMBERS {
        let member = folder.join(name);
        for below in ["src", "tests"] {
            fs::create_dir_all(member.join(below)).context("failed to make a folder")?;
        }
        let dependency = dependency.replace("PATH", &fixtures.display().to_string());
        write(
            &member.join("Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{dependency}"),
        )?;
        write(&member.join("src/lib.rs"), library)?;
        write(&member.join("tests/isolated.rs"), test)?;
    }
    Ok(folder)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}
