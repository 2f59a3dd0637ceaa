//! Records how cargo would start test binaries, in place of starting them.
//!
//! Role: a child of `cargo test`, as the runner of the target or in place of rustdoc. It appends one line of JSON to a file and exits with 0.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// The word on the command line of the runner.
pub(crate) const RECORDER: &str = "vm-record";

/// The variable that names the file.
const FILE: &str = "NETNS_RUN_VM_RECORD";

/// The programs that cargo would have started, in order.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Test binaries: `program`, `arguments`, `folder`, `environment`.
    pub(super) binaries: Vec<Value>,
    /// Crates with documentation tests.
    pub(super) documentation: Vec<String>,
}

/// Runs a cargo command, whose output is returned, with the recorder for these variables of runners.
///
/// # Errors
///
/// Fails if cargo fails; its own messages are on standard error.
pub(super) fn run(
    cargo: &mut Command,
    runner_variables: &[String],
    folder: &Path,
) -> anyhow::Result<(Vec<u8>, Recorded)> {
    let file = folder.join("calls");
    // cargo splits a runner at spaces, and this path has none, wherever this program is.
    let this_program = format!("/proc/{}/exe", std::process::id());
    for variable in runner_variables {
        cargo.env(variable, format!("{this_program} {RECORDER}"));
    }
    cargo.env("RUSTDOC", &this_program).env(FILE, &file);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("failed to start cargo")?;
    ensure!(output.status.success(), "cargo test failed before any test ran");
    let text = match std::fs::read_to_string(&file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.context("failed to read the recorded calls")?,
    };
    let mut recorded = Recorded::default();
    for line in text.lines() {
        let call: Value = serde_json::from_str(line).context("a recorded call is not JSON")?;
        match call["documentation"].as_str() {
            Some(name) => recorded.documentation.push(name.to_owned()),
            None => recorded.binaries.push(call),
        }
    }
    Ok((output.stdout, recorded))
}

/// Returns whether cargo started this program in place of rustdoc. Then the first argument is an option; the other callers
/// pass a word.
pub(crate) fn is_rustdoc(first: &OsStr) -> bool {
    env::var_os(FILE).is_some() && first.as_encoded_bytes().starts_with(b"-")
}

/// Records one test binary with its arguments.
pub(crate) fn record(words: &[OsString]) -> ExitCode {
    let recorded = || {
        let text =
            |text: &OsStr| text.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", text.display()));
        let words = words.iter().map(|word| text(word)).collect::<anyhow::Result<Vec<_>>>()?;
        let (program, arguments) = words.split_first().context("cargo named no program")?;
        let folder = env::current_dir().context("failed to find the working folder")?;
        let mut environment = serde_json::Map::new();
        // A variable that is not text cannot be one of cargo's.
        let pairs = env::vars_os().filter_map(|(name, value)| name.into_string().ok().zip(value.into_string().ok()));
        for (name, value) in pairs {
            environment.insert(name, value.into());
        }
        write(&json!({
            "program": program,
            "arguments": arguments,
            "folder": text(folder.as_os_str())?,
            "environment": environment,
        }))
    };
    end(recorded())
}

/// Records the crate whose documentation tests rustdoc would run.
pub(crate) fn record_documentation_tests(arguments: &[OsString]) -> ExitCode {
    if !arguments.iter().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let name = arguments.iter().skip_while(|argument| *argument != "--crate-name").nth(1);
    let name = name.map_or("a crate".into(), |name| name.to_string_lossy());
    end(write(&json!({ "documentation": name })))
}

fn write(call: &Value) -> anyhow::Result<()> {
    let file = env::var_os(FILE).with_context(|| format!("{RECORDER} is a part of `cargo netns-run vm`"))?;
    let mut file = File::options().append(true).create(true).open(file).context("failed to open the record")?;
    file.write_all(format!("{call}\n").as_bytes()).context("failed to write to the record")
}

fn end(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo netns-run {RECORDER}: {error:#}");
            ExitCode::from(2)
        }
    }
}
