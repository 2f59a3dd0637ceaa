//! Other tools on the same files; each looks for a part of the lint's hazards. cargo and pip install missing tools below bench/data; a tool
//! that cannot be installed is left out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::sources;

/// A tool.
pub(super) struct Peer {
    pub name: &'static str,
    /// Installs missing programs, and returns the command.
    pub command: fn(&Path) -> anyhow::Result<Command>,
    /// The exit statuses of a successful run.
    pub statuses: &'static [i32],
}

pub(super) const ALL: &[Peer] = &[
    Peer { name: "peer/ripgrep", command: ripgrep, statuses: &[0] },
    Peer { name: "peer/ast_grep", command: ast_grep, statuses: &[0, 1] },
    Peer { name: "peer/semgrep", command: semgrep, statuses: &[0] },
];

const PATTERNS: [&str; 5] = [
    r#"\.arg\("-c"\)"#,
    r"env::var(_os)?\(",
    r#"bind\(\(?"0\.0\.0\.0"#,
    r#""/tmp/"#,
    r"\b(10|172|192)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b",
];

fn ripgrep(data: &Path) -> anyhow::Result<Command> {
    let root = data.join("peers");
    let program = root.join("bin/rg");
    if !program.exists() {
        let mut install = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        run(install.args(["install", "--quiet", "--locked", "ripgrep", "--root"]).arg(&root))?;
    }
    let mut command = Command::new(program);
    command.args(["--count", "--glob", "*.rs"]).args(PATTERNS.iter().flat_map(|pattern| ["--regexp", pattern]));
    command.arg(sources::folder(data));
    Ok(command)
}

fn ast_grep(data: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(from_pip(data, "ast-grep-cli", "ast-grep")?);
    command.args(["scan", "--json=stream", "--rule"]).arg(rules("ast-grep.yml")).arg(sources::folder(data));
    Ok(command)
}

fn semgrep(data: &Path) -> anyhow::Result<Command> {
    let program = from_pip(data, "semgrep", "semgrep")?;
    let mut command = Command::new(&program);
    // The program's own folder comes first, for the programs that it starts.
    let own = program.parent().map(Path::to_path_buf);
    let others = std::env::var_os("PATH").unwrap_or_default();
    command.env("PATH", std::env::join_paths(own.into_iter().chain(std::env::split_paths(&others)))?);
    command.args([
        "scan",
        "--metrics=off",
        "--disable-version-check",
        "--no-git-ignore",
        "--max-target-bytes=0",
        "--config",
    ]);
    command.arg(rules("semgrep.yml")).arg(sources::folder(data));
    Ok(command)
}

fn rules(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("lint-sources").join(name)
}

/// Returns a program of a Python package, in a separate environment.
fn from_pip(data: &Path, package: &str, program: &str) -> anyhow::Result<PathBuf> {
    let environment = data.join("peers/python");
    let program = environment.join("bin").join(program);
    if !program.exists() {
        if !environment.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        }
        run(Command::new(environment.join("bin/python3")).args(["-m", "pip", "install", "--quiet", package]))?;
    }
    Ok(program)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("failed to start {}", name.display()))?;
    ensure!(status.success(), "{} ended with {status}", name.display());
    Ok(())
}
