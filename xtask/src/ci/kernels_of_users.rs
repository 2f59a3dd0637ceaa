//! The step that runs `cargo netns-run vm` on a user's crate in its own folder, on the oldest kernel: a pass, a failure with
//! its output and a visible skip, as root and as a user; exit statuses; and nothing left after SIGKILL.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use netns_vm::kernels::BOTH_ENDS;
use tempfile::TempDir;

use super::{Outcome, check};
use crate::program::{output_of, run_quietly};
use crate::skipped::Skipped;
use crate::workspace::Workspace;

/// The target folder of the crate, below the workspace.
const TARGET: &str = "target/kernels-of-users";

/// The tests of the crate: on the VM's kernel, in its package's folder, with a program of the package.
const TESTS: &str = "\
use netns_fixtures::prelude::*;

#[netns_test]
fn hosts_talk(net: Pair) -> TestResult {
    net.client.ping(&net.server).run()?.expect_all()?;
    Ok(())
}

#[netns_test(requires(netem))]
fn needs_a_module_of_the_kernel() {}

#[netns_test(requires(bpf))]
fn needs_what_no_test_has() {}

#[test]
fn runs_in_a_machine() {
    let release = std::fs::read_to_string(\"/proc/sys/kernel/osrelease\").unwrap();
    assert!(release.contains(\"-cloud-\"), \"{release}\");
    assert_eq!(std::fs::read_to_string(\"data/hello\").unwrap(), \"hello\");
    let program = std::process::Command::new(env!(\"CARGO_BIN_EXE_a-program\")).output().unwrap();
    assert_eq!(program.stdout, b\"a program of the package\\n\");
}

#[test]
fn fails_on_purpose() {
    println!(\"the output of the failure\");
    panic!(\"the reason of the failure\");
}
";

const PROGRAM: &str = "fn main() {\n    println!(\"a program of the package\");\n}\n";

pub(super) fn run(workspace: &Workspace, _: &Skipped) -> anyhow::Result<Outcome> {
    let user = User::new(workspace)?;
    user.sees_a_pass_a_failure_and_a_skip()?;
    user.leaves_no_machine_after_sigkill()?;
    // This run also removes the folder of the killed one.
    user.succeeds_with_the_tests_that_pass()?;
    Ok(Outcome::Checked)
}

/// A user with a crate.
struct User<'a> {
    workspace: &'a Workspace,
    project: TempDir,
    cargo_netns_run: PathBuf,
}

impl<'a> User<'a> {
    fn new(workspace: &'a Workspace) -> anyhow::Result<Self> {
        check(workspace.cargo().args(["build", "--quiet", "--package", "netns-run"]))?;
        let project = tempfile::Builder::new()
            .prefix("a user's crate ")
            .tempdir_in(workspace.temporary_folder())
            .context("failed to make a folder")?;
        let write = |file: &str, text: &str| -> anyhow::Result<()> {
            let file = project.path().join(file);
            fs::create_dir_all(file.parent().context("a file has no folder")?)?;
            fs::write(&file, text).with_context(|| format!("failed to write {}", file.display()))
        };
        let fixtures = workspace.root().join("fixtures");
        write(
            "Cargo.toml",
            &format!(
                "[workspace]\n[package]\nname = \"a-crate\"\nedition = \"2024\"\n[[bin]]\nname = \"a-program\"\npath = \"program.rs\"\n\
                 [dev-dependencies]\nnetns-fixtures = {{ path = {:?} }}\n",
                fixtures.display().to_string()
            ),
        )?;
        write("program.rs", PROGRAM)?;
        write("tests/network.rs", TESTS)?;
        write("data/hello", "hello")?;
        // Uses the versions that the workspace is tested with.
        fs::copy(workspace.root().join("Cargo.lock"), project.path().join("Cargo.lock"))?;
        // Both commands keep the same kernels.
        let work = workspace.root().join(TARGET).join("netns-vm");
        let kept = workspace.root().join("target/vm-test/kernels");
        fs::create_dir_all(&kept).and_then(|()| fs::create_dir_all(&work)).context("failed to make a folder")?;
        if !work.join("kernels").exists() {
            symlink(&kept, work.join("kernels")).context("failed to link the kernels")?;
        }
        let mut built = workspace.cargo();
        built.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata: serde_json::Value = serde_json::from_slice(&output_of(&mut built, Stdio::inherit())?.stdout)?;
        let target = metadata["target_directory"].as_str().context("cargo metadata has no target folder")?;
        let cargo_netns_run = Path::new(target).join("debug/cargo-netns-run");
        Ok(Self { workspace, project, cargo_netns_run })
    }

    /// `cargo netns-run vm` as cargo starts it, for the oldest kernel, emulated.
    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(&self.cargo_netns_run);
        // The variables of this project's cargo do not reach a user's.
        let cargo = self.workspace.cargo();
        for (name, value) in cargo.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(self.project.path()).env("CARGO", cargo.get_program());
        command.env("CARGO_TARGET_DIR", self.target()).env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.args(["netns-run", "vm", "--kernel", BOTH_ENDS[0], "--accel", "tcg", "--file", "data"]).args(options);
        command
    }

    fn sees_a_pass_a_failure_and_a_skip(&self) -> anyhow::Result<()> {
        let (ended, printed) = run_quietly(&mut self.command(&["test", "--test", "network"]))?;
        let expect = |words: &str| {
            ensure!(printed.contains(words), "it {} and does not print {words:?}:\n{printed}", ended.how);
            Ok(())
        };
        ensure!(ended.how == "ended with exit status 1", "a test fails, and it {}:\n{printed}", ended.how);
        for words in [
            "test hosts_talk ... ok",
            // Skipped tests count as passed for libtest; the table below counts them.
            "test needs_a_module_of_the_kernel ... ok",
            "the output of the failure",
            "the reason of the failure",
            "a-crate/network as root: ended with exit status 101",
            "a-crate/network as user: ended with exit status 101",
            "a-crate/network needs_what_no_test_has: requires bpf",
        ] {
            expect(words)?;
        }
        for user in ["root", "user"] {
            let row = printed.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let row = row.filter(|row| row.get(1) == Some(&user)).find(|row| row.len() == 8);
            let row = row.with_context(|| format!("the table has no row of {user}:\n{printed}"))?;
            ensure!(row[2..6] == ["FAILED", "3", "1", "1"], "{user} has {row:?}:\n{printed}");
        }
        self.left()
    }

    fn succeeds_with_the_tests_that_pass(&self) -> anyhow::Result<()> {
        let (ended, printed) = run_quietly(&mut self.command(&["--user", "test", "--test", "network", "hosts_talk"]))?;
        ensure!(ended.success, "it {}:\n{printed}", ended.how);
        ensure!(!printed.contains("as root"), "root ran tests, although the user was chosen:\n{printed}");
        self.left()
    }

    /// The work folder has kernels and nothing of a run.
    fn left(&self) -> anyhow::Result<()> {
        let work = self.target().join("netns-vm");
        for entry in fs::read_dir(&work).context("failed to list the work folder")? {
            let name = entry?.file_name();
            ensure!(!name.as_encoded_bytes().starts_with(b"run-"), "{} is left in {}", name.display(), work.display());
        }
        Ok(())
    }

    fn leaves_no_machine_after_sigkill(&self) -> anyhow::Result<()> {
        const LIMIT: Duration = Duration::from_secs(60);
        let mut command = self.command(&["--root", "test", "--test", "network", "hosts_talk"]);
        let mut running = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let errors = BufReader::new(running.stderr.take().context("there is no pipe")?);
        let is_up = errors.lines().map_while(Result::ok).any(|line| line.contains(" is up after "));
        let machines = machines(&self.target())?;
        running.kill().context("failed to kill the command")?;
        running.wait().context("failed to wait for the command")?;
        ensure!(is_up, "the machine did not start");
        // The control: the search finds the machine while it runs.
        ensure!(!machines.is_empty(), "no QEMU has an image in {}", self.target().display());
        let start = Instant::now();
        // Not a child of this process: only `/proc` shows its end.
        while let [pid, ..] = machines_still(&machines)[..] {
            ensure!(start.elapsed() < LIMIT, "QEMU {pid} runs a minute after SIGKILL of its command");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn target(&self) -> PathBuf {
        self.workspace.root().join(TARGET)
    }
}

/// Returns the processes of QEMU with an image below this folder.
fn machines(folder: &Path) -> anyhow::Result<Vec<u32>> {
    let folder = folder.to_str().context("the folder's name is not UTF-8")?;
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("failed to list the processes")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that has just ended has no command line.
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if words.starts_with("qemu-system") && words.contains(folder) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// Returns those that still run. A zombie holds nothing; its parent is a subreaper or pid 1 of this machine.
fn machines_still(pids: &[u32]) -> Vec<u32> {
    let runs = |pid: &&u32| {
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.starts_with("qemu-system")
    };
    pids.iter().filter(runs).copied().collect()
}
