//! The commands of netns-testkit, one file each. They start programs of the workspace and read their output; the fixtures are never linked
//! in here.

#![forbid(unsafe_code)]

mod adoption;
mod bench;
mod chaos;
mod ci;
mod demo;
mod doctor;
mod hook;
#[cfg(test)]
mod module_graph;
mod packages;
mod pages;
mod program;
mod published_suite;
mod real_suites;
mod release;
mod skipped;
mod target;
mod vm_test;
mod workspace;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::eprintln;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use workspace::Workspace;

const AFTER_HELP: &str = "\
Examples:
  cargo xtask demo                    watch tests run in network namespaces of their own
  cargo xtask doctor                  what this machine can do for tests, and what to change
  cargo xtask ci --only lint          one step of what CI runs
  cargo xtask hook install            the lint before each commit
  cargo xtask vm-test --kernel all    the fixtures' suite on kernels from 5.10 to 7.x
  cargo xtask bench isolation --json  figures for a machine to read
  cargo xtask release --dry-run --date 2026-12-01
  cargo xtask pages target/pages      man pages and completions of the published programs
  source <(cargo xtask completions bash)";

/// The commands of netns-testkit.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask", after_help = AFTER_HELP, arg_required_else_help = true)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the examples, a test that fails on purpose, and the lint on a source with five defects.
    Demo,
    /// Report whether this machine can run the tests; takes the options of `netns-run doctor`.
    #[command(disable_help_flag = true)]
    Doctor {
        /// Options of `netns-run doctor`; `cargo xtask doctor --help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run all that CI runs, or one step of it.
    Ci(ci::Options),
    /// Measure, with the floor in the same run.
    Bench(bench::Options),
    /// Run the fixtures' suite on other kernels, in virtual machines.
    VmTest(vm_test::Options),
    /// Kill processes of test runs at random moments, and count the leftovers.
    Chaos(chaos::Options),
    /// Run the suites of published crates as a user without privileges, plain and under netns-run.
    RealSuites(real_suites::Options),
    /// Run the suites of published crates as a user without privileges, unchanged and with the patches that adopt netns-fixtures.
    Adoption(adoption::Options),
    /// Lint this workspace, or the given paths; takes the options of `cargo netns-lint`.
    #[command(disable_help_flag = true)]
    Lint {
        /// Options and paths of the lint; `cargo xtask lint --help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Lint the staged files before each commit, with plain git.
    Hook {
        #[command(subcommand)]
        action: hook::Action,
    },
    /// Prepare a release: changelog, tag, static programs, checksums, SBOMs.
    Release(release::Options),
    /// Write man pages and completions of `netns-run`, `cargo netns-run` and `cargo netns-lint`.
    Pages {
        /// The folder to write to: `man/man1` and `completions` below it.
        folder: PathBuf,
    },
    /// Print the script with which a shell completes `xtask` commands.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Continue as an unprivileged user, in a new mount namespace. A part of `ci`.
    #[command(hide = true)]
    AsUser(ci::AsUser),
    /// Be the first process of a virtual machine. A part of `vm-test`.
    #[command(hide = true)]
    Guest {
        /// The prefix of each message.
        word: String,
    },
    /// Make the machine refuse isolation, and compare the messages. A part of `vm-test`.
    #[command(hide = true)]
    Refusals(vm_test::refusals::Options),
    /// Turn the settings of a virtual machine the other way. A part of `vm-test`.
    #[command(hide = true)]
    Turned,
    /// Start nscd and become a program. A part of `vm-test`.
    #[command(hide = true)]
    BesideNscd(vm_test::nscd::Options),
    /// Put obstacles on this process and become a program. A part of `vm-test`.
    #[command(hide = true)]
    Obstructed(vm_test::obstacle::Options),
}

fn main() -> ExitCode {
    let options = Options::parse();
    match execute(options.command) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("{}: {error:#}", workspace::BAD.paint("error"));
            ExitCode::from(2)
        }
    }
}

fn execute(command: Command) -> anyhow::Result<ExitCode> {
    let command = match command {
        // The guest has no workspace.
        Command::Guest { word } => return netns_vm::guest::run(&word),
        Command::Refusals(options) => return vm_test::refusals::run(&options),
        Command::Turned => return vm_test::turned::run(),
        Command::BesideNscd(options) => return vm_test::nscd::run(&options),
        Command::Obstructed(options) => return vm_test::obstacle::run(&options),
        other => other,
    };
    let workspace = Workspace::find()?;
    match command {
        Command::Demo => demo::run(&workspace),
        Command::Doctor { arguments } => doctor::run(&workspace, &arguments),
        Command::Ci(options) => ci::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Lint { arguments } => Ok(ExitCode::from(lint(&workspace, arguments))),
        Command::Release(options) => release::run(&workspace, &options),
        Command::Pages { folder } => pages::pages(&workspace, &folder).map(|()| ExitCode::SUCCESS),
        Command::Hook { action } => hook::run(&workspace, &action),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Options::command(), "xtask", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::VmTest(options) => vm_test::run(&workspace, &options),
        Command::Chaos(options) => chaos::run(&workspace, &options),
        Command::RealSuites(options) => real_suites::run(&workspace, &options),
        Command::Adoption(options) => adoption::run(&workspace, &options),
        Command::AsUser(options) => ci::as_user(&options),
        Command::Guest { .. }
        | Command::Refusals(_)
        | Command::Turned
        | Command::BesideNscd(_)
        | Command::Obstructed(_) => unreachable!("dealt with above"),
    }
}

/// Runs the lint as a library, so that no second program needs a build. Without a path it reads the whole workspace, from any working
/// folder.
fn lint(workspace: &Workspace, arguments: Vec<OsString>) -> u8 {
    let names_no_path = arguments.iter().all(|argument| argument.to_string_lossy().starts_with('-'));
    let whole = names_no_path.then(|| workspace.root().as_os_str().to_owned());
    netns_lint::run([OsString::from("cargo xtask lint")].into_iter().chain(arguments).chain(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }
}
