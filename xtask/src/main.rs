//! The commands of netns-testkit, one file each. They start programs of the workspace and read what those say; the
//! fixtures are never linked in here.

#![forbid(unsafe_code)]

mod bench;
mod chaos;
mod ci;
mod demo;
mod doctor;
mod hook;
mod real_suites;
mod vm_test;
mod workspace;

use std::ffi::OsString;
use std::io;
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
    /// Say what this machine can do for tests: isolation, every requirement, every setting.
    Doctor(doctor::Options),
    /// Run all that CI runs, or one step of it.
    Ci(ci::Options),
    /// Measure, with the floor in the same run.
    Bench(bench::Options),
    /// Run the fixtures' suite on other kernels, in virtual machines.
    VmTest(vm_test::Options),
    /// Kill processes of test runs at any moment, and count what is left.
    Chaos(chaos::Options),
    /// Run the suites of published crates as a user without privileges, plain and under netns-run.
    RealSuites(real_suites::Options),
    /// Lint this workspace, or what is named; takes the options of `cargo netns-lint`.
    #[command(disable_help_flag = true)]
    Lint {
        /// Options and paths of the lint; `cargo xtask lint --help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Lint what is staged before each commit, with plain git.
    Hook {
        #[command(subcommand)]
        action: hook::Action,
    },
    /// Print what a shell needs to complete `xtask` commands.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Go on as an unprivileged user, in a mount namespace of its own. A part of `ci`.
    #[command(hide = true)]
    AsUser(ci::AsUser),
    /// Be the first process of a virtual machine. A part of `vm-test`.
    #[command(hide = true)]
    Guest(vm_test::guest::Options),
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
        // In the guest there is no workspace.
        Command::Guest(options) => return vm_test::guest::run(&options),
        Command::Obstructed(options) => return vm_test::obstacle::run(&options),
        other => other,
    };
    let workspace = Workspace::find()?;
    match command {
        Command::Demo => demo::run(&workspace),
        Command::Doctor(options) => doctor::run(&workspace, &options),
        Command::Ci(options) => ci::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Lint { arguments } => Ok(ExitCode::from(lint(&workspace, arguments))),
        Command::Hook { action } => hook::run(&workspace, &action),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Options::command(), "xtask", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::VmTest(options) => vm_test::run(&workspace, &options),
        Command::Chaos(options) => chaos::run(&workspace, &options),
        Command::RealSuites(options) => real_suites::run(&workspace, &options),
        Command::AsUser(options) => ci::as_user(&options),
        Command::Guest(_) | Command::Obstructed(_) => unreachable!("dealt with above"),
    }
}

/// The lint as a library: there is no second program to build. Without a path it reads the whole workspace, from
/// whatever folder it was called.
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
