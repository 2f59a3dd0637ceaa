//! Shared parts of the command's tests: packages in separate folders, and the command itself.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// A test with one finding: `shell-command`, an error, at line 4, column 5.
pub(crate) const HAZARD: &str = r#"#[test]
fn starts() {
    let name = std::env::args().next().unwrap();
    std::process::Command::new("sh").arg("-c").arg(format!("echo {name}")).status().unwrap();
}
"#;
/// A test without a finding.
pub(crate) const HARMLESS: &str = "#[test]\nfn adds() { assert_eq!(1 + 1, 2); }\n";

/// The result of a run of the lint.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the lint in `folder`.
pub(crate) fn lint(folder: &Path, arguments: &[&str]) -> Ran {
    // In an archive of nextest, the program has another path than the one to which cargo built it.
    let program = env::var_os("NEXTEST_BIN_EXE_cargo-netns-lint");
    let output = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_cargo-netns-lint").into()))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the lint runs");
    Ran {
        status: output.status.code().expect("the lint is not ended by a signal"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A package with these files.
pub(crate) fn package(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"sample\"\nversion = \"0.1.0\"\n")
        .expect("written");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}
