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
  cargo xtask release --dry-run       the files of a release, without the release
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
    use clap::error::ErrorKind;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    /// Returns the error of a command line as a reader would type it. A command without options may be its name in a sentence.
    fn mistake(line: &str) -> Option<clap::Error> {
        let error = Options::try_parse_from(line.split_whitespace().skip(1)).err()?;
        let is_fine = match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
            ErrorKind::MissingRequiredArgument | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                line.split_whitespace().count() == 3
            }
            _ => false,
        };
        (!is_fine).then_some(error)
    }

    /// Returns the command lines of this program in a text: code between back ticks, and lines after a prompt or in examples.
    fn commands(text: &str) -> Vec<&str> {
        // Code may go on in the next line, and not in the next paragraph.
        let code = text.split("\n\n").flat_map(|paragraph| paragraph.split('`').skip(1).step_by(2));
        let indented = |line: &&str| line.starts_with("$ ") || line.starts_with("  cargo xtask ");
        let lines = text.lines().filter(indented).map(|line| line.trim_start_matches(['$', ' ']));
        // Two spaces or a `#` end an example's command; `&&` and `|` begin another one.
        let command = |line| {
            [" #", "  ", " && ", " | "].iter().fold(line, |line: &str, end| line.split(end).next().unwrap_or(line))
        };
        code.chain(lines).map(command).filter(|line| line.starts_with("cargo xtask ")).collect()
    }

    #[test]
    fn every_command_in_the_guides_and_the_help_is_one() {
        let root = Workspace::find().unwrap().root().to_owned();
        let mut pages: Vec<PathBuf> =
            ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "tests/examples/README.md"]
                .map(|page| root.join(page))
                .into();
        pages.extend(std::fs::read_dir(root.join("docs")).unwrap().map(|page| page.unwrap().path()));
        let mut texts: Vec<String> = pages.iter().map(|page| std::fs::read_to_string(page).unwrap()).collect();
        let mut all = Options::command();
        all.build();
        texts.extend(all.get_subcommands_mut().map(|command| command.render_long_help().to_string()));
        texts.push(AFTER_HELP.to_owned());
        let found: Vec<&str> = texts.iter().flat_map(|text| commands(text)).collect();
        assert!(found.contains(&"cargo xtask release --dry-run") && found.len() > 50, "{found:#?}");
        let wrong: Vec<_> = found.into_iter().filter(|line| mistake(line).is_some()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_command_with_a_mistake_is_found() {
        let text = "Run `cargo xtask release --target a` or `cargo test`.\n$ cargo xtask ci --only nothing # a word\n\
                    Examples:\n  cargo xtask release --dry-run    a word\n  cargo xtask demo && ls\n";
        let found = commands(text);
        assert_eq!(
            found,
            [
                "cargo xtask release --target a",
                "cargo xtask ci --only nothing",
                "cargo xtask release --dry-run",
                "cargo xtask demo"
            ]
        );
        let wrong: Vec<_> = found.iter().map(|line| mistake(line).is_some()).collect();
        assert_eq!(wrong, [true, true, false, false]);
        assert!(mistake("cargo xtask release --files-only --date 2026-12-01").is_some());
    }
}
