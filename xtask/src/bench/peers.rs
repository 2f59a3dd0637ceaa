//! Installs the peers of `bench labs` and `bench links` below `bench/data/peers`, which git ignores: crates in a separate workspace, and a
//! Python environment with one package. Nothing else on the machine changes, and none of our builds depends on them.

use std::process::{Command, Output};

use anstream::eprintln;
use anyhow::{Context, bail};

use crate::workspace::{HEADING, Workspace};

/// The way to install a peer.
type Install = fn(&Workspace, &str) -> anyhow::Result<String>;

/// The peers of a bench by their names.
pub(super) const OF_LABS: &[(&str, Install)] = &[("patchbay", build), ("netsim", build), ("pyroute2", make_python)];
pub(super) const OF_LINKS: &[(&str, Install)] = &[("rattan", build)];

/// Returns arguments for the bench: the program of each peer, or the reason why it is missing.
pub(super) fn install(workspace: &Workspace, peers: &[(&str, Install)]) -> Vec<String> {
    eprintln!("{} (minutes the first time)", HEADING.paint("Installing the peers"));
    let arguments = peers.iter().flat_map(|(name, install)| match install(workspace, name) {
        Ok(program) => ["--peer".to_owned(), format!("{name}={program}")],
        Err(error) => ["--not-installed".to_owned(), format!("{name}={error:#}")],
    });
    [String::from("--peers")].into_iter().chain(arguments).collect()
}

fn build(workspace: &Workspace, name: &str) -> anyhow::Result<String> {
    let target = workspace.root().join("bench/data/peers/target");
    let mut cargo = workspace.bench_cargo();
    cargo.current_dir(workspace.root().join("bench/peers"));
    cargo
        .args(["build", "--release", "--locked", "--quiet", "--bin", name, "--features", name, "--target-dir"])
        .arg(&target);
    check(&mut cargo)?;
    Ok(target.join("release").join(name).display().to_string())
}

/// Creates a virtual environment with the package of `requirements.txt`; pip skips a package that is already installed.
fn make_python(workspace: &Workspace, _: &str) -> anyhow::Result<String> {
    let folder = workspace.root().join("bench/data/peers/python");
    let python = folder.join("bin/python");
    if !python.is_file() {
        check(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let requirements = workspace.root().join("bench/peers/requirements.txt");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "30", "--retries", "2"]);
    check(pip.arg("--requirement").arg(requirements))?;
    Ok(python.display().to_string())
}

/// Runs a program and expects success; the error quotes the last line that it printed.
fn check(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let Output { status, stderr, .. } = command.output().with_context(|| format!("failed to start {program}"))?;
    if !status.success() {
        let errors = String::from_utf8_lossy(&stderr);
        eprintln!("{errors}");
        bail!(
            "{program}: {}",
            errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim()
        );
    }
    Ok(())
}
